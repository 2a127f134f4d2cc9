using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Between the QKV product and attention: adds the bias, normalises heads where the model does, rotates queries and keys (RoPE, Su et
/// al. 2021) and stores keys and values in pages, where a row has some. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class RopeStoreKernel(KernelContext context)
{
    // Of a workgroup on a GPU: as many heads as make it worth the start, and as many elements as it may stage.
    private const int ElementsPerWorkgroup = KvLayout.MostStaged;
    private const int MaxThreads = 256;

    /// <summary>How a shape is cut into workgroups: a norm of heads is the workgroup's own.</summary>
    internal RopeStoreConstants Constants(AttentionShape shape, bool biased, QkNormKind? normed, bool step)
    {
        KernelContext own = context.For("rope_store");
        int heads = normed.HasValue || own.IsSoftware ? 1 : Math.Clamp(ElementsPerWorkgroup / shape.HeadDim, 1, (int)Heads(shape));
        int threads = own.Threads(heads == 1 ? 64 : MaxThreads);
        bool isSplit = shape.Pairing == RopePairing.SplitHalf;
        return new RopeStoreConstants(threads, isSplit, biased, (uint)(normed ?? 0), step, heads, shape.HasGates);
    }

    /// <summary>Records it for rows of any sequences.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="qkv">
    /// float32 [activationRows, Stride(QkvWidth)]: the heads of Q, each with its gates where it has some, then K, then V.
    /// </param>
    /// <param name="shape">The layer's attention, with the largest capacity of the sequences.</param>
    /// <param name="ropeTable">float32 (cos, sin) [Capacity][RotaryDim / 2].</param>
    /// <param name="rows">The rows; nothing is stored at positions from their sequences' capacities on.</param>
    /// <param name="sequences">Their sequences.</param>
    /// <param name="layer">Where keys and values go.</param>
    /// <param name="query">
    /// Output, [activationRows, Stride(QueryWidth)] of <paramref name="queryType"/>; the listed rows are written.
    /// </param>
    /// <param name="activationRows">Rows of the activations.</param>
    /// <param name="queryType">What the rows' attention takes: <see cref="PrefillAttentionKernel.QueryType"/>, or float32.</param>
    /// <param name="bias">float32 [QkvWidth], if given.</param>
    /// <param name="qkNorm">The norm of heads, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordRows(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, RowList rows, SequenceTable sequences,
        KvLayer layer, BufferView query, int activationRows, ActivationType queryType = ActivationType.F32, BufferView? bias = null,
        QkNorm? qkNorm = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        rows.Check();
        Record(
            commands, qkv, shape, ropeTable, new RowSource(rows.Entries, sequences, null, null), layer, query, rows.Most, activationRows,
            queryType, bias, qkNorm);
    }

    /// <summary>Records it for the one token of a decode step.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="qkv">float32 [QkvWidth]: the heads of Q, then K, then V.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="ropeTable">float32 (cos, sin) [Capacity][RotaryDim / 2].</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; nothing is stored at positions from Capacity on.</param>
    /// <param name="query">Output, float32 [QueryWidth].</param>
    /// <param name="layer">Where keys and values go.</param>
    /// <param name="blocks">The sequence's block table of the layer's group, for Capacity positions.</param>
    /// <param name="bias">float32 [QkvWidth], if given.</param>
    /// <param name="qkNorm">The norm of heads, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordStep(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, BufferView stepState, BufferView query,
        KvLayer layer, BufferView blocks, BufferView? bias = null, QkNorm? qkNorm = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        Views.RequireBytes(nameof(blocks), blocks, (long)KvLayout.PageCount(shape.Capacity) * KvLayout.BlockBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Record(
            commands, qkv, shape, ropeTable, new RowSource(null, null, stepState, blocks), layer, query, 1, 1, ActivationType.F32, bias,
            qkNorm);
    }

    /// <summary>What says where the rows stand: a list and a table of sequences, or one sequence's step state and block table.</summary>
    private readonly record struct RowSource(BufferView? List, SequenceTable? Sequences, BufferView? StepState, BufferView? Blocks);

    private void Record(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, RowSource source, KvLayer layer, BufferView query,
        int rows, int activationRows, ActivationType queryType, BufferView? bias, QkNorm? qkNorm)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        layer.Check();
        if (shape.HasGates && (bias.HasValue || qkNorm?.Kind == QkNormKind.Projection))
        {
            throw new NotSupportedException("rotation: a bias, or a norm of all query heads together, with gates between heads");
        }

        qkv = Activations.Require(nameof(qkv), qkv, ActivationType.F32, activationRows, shape.QkvWidth);
        RopeStoreConstants constants = Constants(shape, bias.HasValue, qkNorm?.Kind, source.StepState.HasValue);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            context.GetPipeline(
                $"rope_store_{KvNames.Part(shape.KvType)}_{Activations.VariantPart(queryType)}", constants.ToSpecialization()),
            (((uint)constants.Heads + Heads(shape) - 1) / (uint)constants.Heads, (uint)rows, 1),
            Push(shape, layer, qkNorm, link),
            [
                qkv,
                Table(ropeTable, shape, shape.Capacity),
                Activations.Require(nameof(query), query, queryType, activationRows, shape.QueryWidth),
                source.List ?? qkv,
                source.Sequences?.Entries ?? qkv,
                Bias(bias, shape, qkv),
                Gains(qkNorm, shape, qkv),
                source.StepState ?? qkv,
                source.Blocks ?? qkv,
            ],
            [.. shape.ReadsOthers ? [] : layer.Write, .. source.Sequences?.Addressed ?? []],
            link);
    }

    private static uint Heads(AttentionShape shape) => (uint)(shape.NumHeads + (2 * shape.OwnKvHeads));

    private static RopeStorePush Push(AttentionShape shape, KvLayer layer, QkNorm? qkNorm, ChainLink link) => new(
        (uint)Activations.Stride(shape.QkvWidth), (uint)Activations.Stride(shape.QueryWidth), (uint)shape.NumHeads, (uint)shape.OwnKvHeads,
        (uint)shape.HeadDim, (uint)shape.RotaryDim, (uint)shape.Capacity, layer.At, (uint)layer.Group, qkNorm?.Eps ?? 0,
        shape.Temperature.Beta, (uint)shape.Temperature.Length, ChainPush.Of(link));

    internal static BufferView Table(BufferView ropeTable, AttentionShape shape, int positions) => shape.RotaryDim == 0
        ? ropeTable
        : Activations.Require(nameof(ropeTable), ropeTable, (long)positions * shape.RotaryDim * 4);

    // A binding that the shader does not read takes any buffer.
    internal static BufferView Bias(BufferView? bias, AttentionShape shape, BufferView unused) =>
        bias is { } added ? Activations.Require(nameof(bias), added, 4L * shape.QkvWidth) : unused;

    internal static BufferView Gains(QkNorm? qkNorm, AttentionShape shape, BufferView unused) =>
        qkNorm is { } norm ? Activations.Require(nameof(qkNorm), norm.Gains, 4L * norm.GainsWidth(shape)) : unused;
}

/// <summary>Specialisation constants of <c>attention/rope_store.comp</c>.</summary>
internal readonly record struct RopeStoreConstants(
    int Threads, bool SplitHalf, bool Bias, uint QkNorm, bool StepState, int Heads, bool Gates) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "SPLIT_HALF", "BIAS", "QK_NORM", "STEP_STATE", "HEADS", "GATES"];

    public static string Source => "attention/rope_store.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, SpecializationConstants.Bits(SplitHalf)), (2, SpecializationConstants.Bits(Bias)),
        (3, QkNorm), (4, SpecializationConstants.Bits(StepState)), (5, (uint)Heads),
        (6, SpecializationConstants.Bits(Gates)));
}

/// <summary>Push constants of <c>push/rope_store.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RopeStorePush(
    uint InputStride, uint QueryStride, uint NumHeads, uint NumKvHeads, uint HeadDim, uint RotaryDim, uint Capacity, uint LayerAt,
    uint BlockGroup, float Epsilon, float TemperatureBeta, uint TemperatureLength, ChainPush Chain);

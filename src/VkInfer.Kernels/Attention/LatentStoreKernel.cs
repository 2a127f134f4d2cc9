using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The heads of latent attention (MLA; DeepSeek-V2).</summary>
/// <param name="NumHeads">Query heads.</param>
/// <param name="NopeDim">Elements of a head that know no position.</param>
/// <param name="RopeDim">Elements of a head that are rotated, which all heads' keys share; even.</param>
/// <param name="Rank">Elements of the latent that keys and values are made of.</param>
/// <param name="Pairing">Which elements rotate together.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct LatentShape(int NumHeads, int NopeDim, int RopeDim, int Rank, RopePairing Pairing)
{
    /// <summary>Elements of a head of the query as it is projected.</summary>
    public int HeadDim => NopeDim + RopeDim;

    /// <summary>Elements of a cached key, and of a head of the query in the absorbed form.</summary>
    public int KeyDim => Rank + RopeDim;
}

/// <summary>
/// Between the products of latent attention and attention itself, in the absorbed form: normalises latents, rotates, stores keys in pages.
/// Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LatentStoreKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("latent_store").Threads(256);

    /// <summary>Records it for rows of any sequences.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's heads.</param>
    /// <param name="rows">What rows are made of.</param>
    /// <param name="kvType">How keys are stored.</param>
    /// <param name="list">The rows; nothing is stored at positions from their sequences' capacities on.</param>
    /// <param name="sequences">Their sequences.</param>
    /// <param name="layer">Where keys go.</param>
    /// <param name="activationRows">Rows of the activations.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordRows(
        CommandList commands, LatentShape shape, LatentRows rows, KvType kvType, RowList list, SequenceTable sequences, KvLayer layer,
        int activationRows)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        list.Check();
        BufferView[] source = [list.Entries, sequences.Entries, rows.Gain, rows.Latents, rows.Latents];
        Record(commands, shape, rows, kvType, source, layer, list.Most, activationRows, 0, sequences.Addressed);
    }

    /// <summary>Records it for the one token of a decode step.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's heads.</param>
    /// <param name="rows">What the row is made of.</param>
    /// <param name="kvType">How keys are stored.</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; nothing is stored at positions from the capacity on.</param>
    /// <param name="layer">Where keys go.</param>
    /// <param name="blocks">The sequence's block table of the layer's group.</param>
    /// <param name="capacity">Positions that the sequence may have.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordStep(
        CommandList commands, LatentShape shape, LatentRows rows, KvType kvType, BufferView stepState, KvLayer layer, BufferView blocks,
        int capacity)
    {
        Views.RequireBytes(nameof(blocks), blocks, (long)KvLayout.PageCount(capacity) * KvLayout.BlockBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Record(commands, shape, rows, kvType, [rows.Latents, rows.Latents, rows.Gain, stepState, blocks], layer, 1, 1, capacity, []);
    }

    // The source is what rows are told by, the gain among it: bindings 4 to 8.
    private void Record(
        CommandList commands, LatentShape shape, LatentRows rows, KvType kvType, BufferView[] source, KvLayer layer, int count,
        int activationRows, int capacity, IEnumerable<AddressedView> addressed)
    {
        ArgumentNullException.ThrowIfNull(commands);
        layer.Check();
        if (shape.RopeDim % 2 != 0 || shape.KeyDim % 8 != 0 || rows.LatentAt + shape.KeyDim > rows.LatentWidth)
        {
            throw new ArgumentException($"latent attention: {shape} at {rows.LatentAt} of {rows.LatentWidth}", nameof(shape));
        }

        int queryWidth = shape.NumHeads * shape.KeyDim;
        var constants = new LatentStoreConstants(Threads, shape.Pairing == RopePairing.SplitHalf, capacity > 0);
        commands.Dispatch(
            context.GetPipeline($"latent_store_{KvNames.Part(kvType)}", constants.ToSpecialization()),
            (2, (uint)count, 1),
            new LatentStorePush(
                (uint)Activations.Stride(rows.LatentWidth), (uint)rows.LatentAt, (uint)Activations.Stride(rows.QueriesWidth),
                (uint)Activations.Stride(queryWidth), (uint)shape.NumHeads, (uint)shape.NopeDim, (uint)shape.RopeDim, (uint)shape.Rank,
                (uint)capacity, layer.At, (uint)layer.Group, rows.Eps),
            [
                Activations.Require("latents", rows.Latents, ActivationType.F32, activationRows, rows.LatentWidth),
                rows.Rope,
                Activations.Require("queries", rows.Queries, ActivationType.F32, activationRows, rows.QueriesWidth),
                Activations.Require("query", rows.Query, ActivationType.F32, activationRows, queryWidth),
                .. source,
            ],
            [.. layer.Write, .. addressed]);
    }
}

/// <summary>What rows of latent attention are made of.</summary>
/// <param name="Latents">float32 [rows, Stride(LatentWidth)]: from LatentAt on the latent, then the key's rotated part.</param>
/// <param name="LatentWidth">Elements of a row.</param>
/// <param name="LatentAt">Where the latent begins.</param>
/// <param name="Queries">float32 [rows, Stride(QueriesWidth)]: heads [NopeDim | RopeDim].</param>
/// <param name="QueriesWidth">Elements of a row.</param>
/// <param name="Query">float32 [rows, Stride(NumHeads · KeyDim)]: heads [Rank | RopeDim], whose rotated parts are written.</param>
/// <param name="Rope">float32 (cos, sin) [positions][RopeDim / 2].</param>
/// <param name="Gain">float32 [Rank]: of the latent's norm.</param>
/// <param name="Eps">Added to the mean of the squares.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct LatentRows(
    BufferView Latents, int LatentWidth, int LatentAt, BufferView Queries, int QueriesWidth, BufferView Query, BufferView Rope,
    BufferView Gain, float Eps);

/// <summary>Specialisation constants of <c>attention/latent_store.comp</c>.</summary>
internal readonly record struct LatentStoreConstants(int Threads, bool SplitHalf, bool StepState) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "SPLIT_HALF", "STEP_STATE"];

    public static string Source => "attention/latent_store.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, SpecializationConstants.Bits(SplitHalf)), (2, SpecializationConstants.Bits(StepState)));
}

/// <summary>Push constants of <c>push/latent_store.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LatentStorePush(
    uint InputStride, uint LatentAt, uint QueriesStride, uint QueryStride, uint NumHeads, uint NopeDim, uint RopeDim, uint Rank,
    uint Capacity, uint LayerAt, uint BlockGroup, float Epsilon);

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The shape of a layer of the gated delta rule.</summary>
/// <param name="KeyHeads">Heads of queries and keys.</param>
/// <param name="ValueHeads">Heads of values, each with a state; a multiple of <paramref name="KeyHeads"/>.</param>
/// <param name="KeyDim">Elements of a query or key, at most <see cref="MaxKeyDim"/>.</param>
/// <param name="ValueDim">Elements of a value; even.</param>
/// <param name="IsTiled">
/// Whether a value head's key head is its number modulo <paramref name="KeyHeads"/>; else neighbours share one.
/// </param>
/// <param name="InterleavesRates">Whether rates stand together by key head: its value heads' b, then their a; else all b, then all a.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct GatedDeltaShape(
    int KeyHeads, int ValueHeads, int KeyDim, int ValueDim, bool IsTiled = false, bool InterleavesRates = false)
{
    /// <summary>The longest keys: a column of the state stands in the registers of a few invocations.</summary>
    public const int MaxKeyDim = 256;

    /// <summary>Elements of a row [q | k | v].</summary>
    public int InputWidth => (2 * KeyHeads * KeyDim) + ValueWidth;

    /// <summary>Elements of all values.</summary>
    public int ValueWidth => ValueHeads * ValueDim;

    /// <summary>Rates of a row.</summary>
    public int RateWidth => 2 * ValueHeads;

    /// <summary>Floats of a sequence's state.</summary>
    public long StateFloats => (long)ValueWidth * KeyDim;

    /// <summary>Checks that the fields fit together.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public void Validate()
    {
        if (KeyHeads < 1 || ValueHeads < 1 || ValueHeads % KeyHeads != 0 || KeyDim is < 1 or > MaxKeyDim || ValueDim < 2
            || ValueDim % 2 != 0)
        {
            throw new ArgumentException(
                $"gated delta rule: {this}; expected value heads that are a multiple of key heads, keys of 1 to {MaxKeyDim} elements, and "
                + "values of an even number");
        }
    }
}

/// <summary>The gated delta rule over the rows of sequences, one row after another. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GatedDeltaKernel(KernelContext context) : StateColumnsKernel(context, "gated_delta")
{
    /// <summary>Records it.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's shape.</param>
    /// <param name="qkv">float32 [rows, Stride(InputWidth)]: all queries, all keys, all values.</param>
    /// <param name="rates">float32 [rows, Stride(ratesWidth)].</param>
    /// <param name="ratesWidth">Elements of such a row.</param>
    /// <param name="ratesAt">Where the rates stand in it: [RateWidth].</param>
    /// <param name="decay">float32 [ValueHeads]: −exp(A).</param>
    /// <param name="shift">float32 [ValueHeads]: added to the rates a.</param>
    /// <param name="y">Output, float32 [rows, Stride(ValueWidth)].</param>
    /// <param name="rows">Rows of the activations.</param>
    /// <param name="source">Whose states; those are read and written.</param>
    /// <param name="layer">Where the layer's state lies: [ValueHeads][KeyDim][ValueDim].</param>
    /// <exception cref="ArgumentException">A view is too short, or the shape impossible.</exception>
    public void Record(
        CommandList commands, GatedDeltaShape shape, BufferView qkv, BufferView rates, int ratesWidth, int ratesAt, BufferView decay,
        BufferView shift, BufferView y, int rows, StateSource source, StateLayer layer)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(source);
        shape.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(ratesWidth, ratesAt + shape.RateWidth);
        qkv = Activations.Require(nameof(qkv), qkv, ActivationType.F32, rows, shape.InputWidth);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            Context.GetPipeline("gated_delta", Constants(shape, source.IsOneRow).ToSpecialization()),
            Workgroups(shape.ValueHeads, shape.ValueDim, source),
            new GatedDeltaPush(
                (uint)shape.KeyHeads, (uint)shape.ValueHeads, (uint)shape.ValueDim, (uint)Activations.Stride(shape.InputWidth),
                (uint)Activations.Stride(ratesWidth), (uint)ratesAt, (uint)Activations.Stride(shape.ValueWidth), (uint)layer.Group,
                layer.At, ChainPush.Of(link)),
            [
                qkv,
                Activations.Require(nameof(rates), rates, ActivationType.F32, rows, ratesWidth),
                Activations.Require(nameof(decay), decay, 4L * shape.ValueHeads),
                Activations.Require(nameof(shift), shift, 4L * shape.ValueHeads),
                Activations.Require(nameof(y), y, ActivationType.F32, rows, shape.ValueWidth),
                .. source.Bindings(qkv),
            ],
            source.Addressed(layer), link);
    }

    internal GatedDeltaConstants Constants(GatedDeltaShape shape, bool oneRow) =>
        new(Threads, shape.KeyDim, shape.IsTiled, shape.InterleavesRates, oneRow, Lanes);
}

/// <summary>Specialisation constants of <c>recurrent/gated_delta.comp</c>.</summary>
internal readonly record struct GatedDeltaConstants(int Threads, int KeyDim, bool Tiled, bool Interleaved, bool OneRow, int Lanes)
    : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "KEY_DIM", "TILED", "INTERLEAVED", "ONE_ROW", "LANES"];

    public static string Source => "recurrent/gated_delta.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)KeyDim), (2, SpecializationConstants.Bits(Tiled)), (3, SpecializationConstants.Bits(Interleaved)),
        (4, SpecializationConstants.Bits(OneRow)), (5, (uint)Lanes));
}

/// <summary>Push constants of <c>push/gated_delta.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct GatedDeltaPush(
    uint KeyHeads, uint ValueHeads, uint ValueDim, uint InputStride, uint RatesStride, uint RatesAt, uint OutputStride, uint StateGroup,
    uint StateAt, ChainPush Chain);

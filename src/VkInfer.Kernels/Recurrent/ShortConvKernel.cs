using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>A short causal convolution of channels.</summary>
/// <param name="Channels">Channels, each by itself.</param>
/// <param name="Taps">Inputs that an output sees, its own included.</param>
/// <param name="IsGated">
/// Whether rows are [b | c | x], of which b · x is convolved, and the result multiplied by c (LFM2). Else outputs go through SiLU.
/// </param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ShortConvShape(int Channels, int Taps, bool IsGated = false)
{
    /// <summary>The most inputs that an output may see.</summary>
    public const int MaxTaps = 16;

    /// <summary>Elements of an input row that are read.</summary>
    public int InputWidth => IsGated ? 3 * Channels : Channels;

    /// <summary>Floats of a sequence's state.</summary>
    public int StateFloats => (Taps - 1) * Channels;
}

/// <summary>A short causal convolution over the rows of sequences, with its last inputs as their state. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ShortConvKernel(KernelContext context)
{
    private const int ChannelsOfGroup = 32;

    // Pieces of a run; a longer one takes longer.
    private const int Pieces = 8;

    /// <summary>Records it.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">What is convolved.</param>
    /// <param name="x">float32 [rows, Stride(inputWidth)].</param>
    /// <param name="inputWidth">Elements of an input row.</param>
    /// <param name="weights">float32 [Channels][Taps].</param>
    /// <param name="y">Output, float32 [rows, Stride(Channels)].</param>
    /// <param name="rows">Rows of the activations.</param>
    /// <param name="source">Whose states; those are read and written.</param>
    /// <param name="layer">Where the layer's state lies: [Taps − 1][Channels], the oldest input first.</param>
    /// <param name="bias">float32 [Channels], if given.</param>
    /// <param name="inputAt">Where a row has what the convolution takes: <see cref="ShortConvShape.InputWidth"/> elements.</param>
    /// <exception cref="ArgumentException">A view is too short, or the shape impossible.</exception>
    public void Record(
        CommandList commands, ShortConvShape shape, BufferView x, int inputWidth, BufferView weights, BufferView y, int rows,
        StateSource source, StateLayer layer, BufferView? bias = null, int inputAt = 0)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Taps, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape.Taps, ShortConvShape.MaxTaps);
        ArgumentOutOfRangeException.ThrowIfNegative(inputAt);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputWidth, inputAt + shape.InputWidth);
        ShortConvConstants constants = Constants(shape, bias.HasValue, source.IsOneRow);
        x = Activations.Require(nameof(x), x, ActivationType.F32, rows, inputWidth);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            context.GetPipeline("short_conv", constants.ToSpecialization()),
            ((uint)((shape.Channels + constants.Channels - 1) / constants.Channels), (uint)source.Count, 1),
            new ShortConvPush(
                (uint)shape.Channels, (uint)Activations.Stride(inputWidth), (uint)inputAt, (uint)Activations.Stride(shape.Channels),
                (uint)layer.Group, layer.At, ChainPush.Of(link)),
            [
                x,
                Activations.Require(nameof(weights), weights, 4L * shape.Channels * shape.Taps),
                bias is { } added ? Activations.Require(nameof(bias), added, 4L * shape.Channels) : x,
                Activations.Require(nameof(y), y, ActivationType.F32, rows, shape.Channels),
                .. source.Bindings(x),
            ],
            source.Addressed(layer), link);
    }

    internal ShortConvConstants Constants(ShortConvShape shape, bool biased, bool oneRow)
    {
        KernelContext own = context.For("short_conv");
        int threads = own.Threads(oneRow ? ChannelsOfGroup : ChannelsOfGroup * Pieces);
        int channels = Math.Min(threads, ChannelsOfGroup);
        return new ShortConvConstants(
            threads / channels * channels, channels, shape.Taps, !shape.IsGated, shape.IsGated, biased, oneRow);
    }
}

/// <summary>Specialisation constants of <c>recurrent/short_conv.comp</c>.</summary>
internal readonly record struct ShortConvConstants(
    int Threads, int Channels, int Taps, bool Silu, bool Gated, bool Bias, bool OneRow) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "CHANNELS", "TAPS", "SILU", "GATED", "BIAS", "ONE_ROW"];

    public static string Source => "recurrent/short_conv.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)Channels), (2, (uint)Taps), (3, SpecializationConstants.Bits(Silu)),
        (4, SpecializationConstants.Bits(Gated)), (5, SpecializationConstants.Bits(Bias)), (6, SpecializationConstants.Bits(OneRow)));
}

/// <summary>Push constants of <c>push/short_conv.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ShortConvPush(
    uint Channels, uint InputStride, uint InputAt, uint OutputStride, uint StateGroup, uint StateAt, ChainPush Chain);

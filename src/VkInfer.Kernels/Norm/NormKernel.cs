using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Norms of rows: RMSNorm, y = x / sqrt(mean(x²) + eps) · gain (Zhang and Sennrich 2019), and with a shift LayerNorm,
/// y = (x − mean(x)) / sqrt(var(x) + eps) · gain + shift (Ba et al. 2016). Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class NormKernel(KernelContext context)
{
    // More would leave too few registers for other workgroups.
    private const int MostHeld = 4;

    private readonly bool _narrow = context.For("norm").IsSoftware;

    /// <summary>Invocations of a row: as few as keep it in registers, since fewer subgroups are sooner summed up.</summary>
    internal int Threads(int width)
    {
        if (_narrow)
        {
            return context.Capabilities.SubgroupSize;
        }

        int most = Math.Min(1024, context.Capabilities.MaxWorkgroupInvocations);
        int threads = Math.Min(256, most);
        while (threads < most && width > 4 * threads * MostHeld)
        {
            threads = Math.Min(2 * threads, most);
        }

        return threads;
    }

    /// <summary>Vectors of four elements that an invocation keeps of a row; 0: the row is read anew.</summary>
    internal int Held(int width)
    {
        int perStep = 4 * Threads(width);
        int held = (width + perStep - 1) / perStep;
        return width % 4 == 0 && held <= MostHeld ? held : 0;
    }

    /// <summary>Records the normalisation of each row.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">Input, float32 [seqLen, Stride(width)].</param>
    /// <param name="gain">float32 [width].</param>
    /// <param name="y">Output, [seqLen, Stride(width)] of <paramref name="outputType"/>; of float32 it may be <paramref name="x"/>.</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <param name="outputType">How the output is stored; float16 saturates at ±65504.</param>
    /// <param name="shift">float32 [width]: makes it a LayerNorm.</param>
    /// <param name="accumulate">Adds to the output, which must be float32, instead of overwriting it.</param>
    /// <param name="inputWidth">Elements of a row of <paramref name="x"/>, of which the first are taken; null: all.</param>
    /// <param name="factor">float32 [1], with <paramref name="accumulate"/>: the sum is multiplied by it.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">float16 output to be added to, or a factor of something else than a sum.</exception>
    public void Record(
        CommandList commands, BufferView x, BufferView gain, BufferView y, int seqLen, int width, float epsilon,
        ActivationType outputType = ActivationType.F32, BufferView? shift = null, bool accumulate = false,
        BufferView? factor = null, int? inputWidth = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if ((accumulate && outputType == ActivationType.F16) || (factor.HasValue && !accumulate))
        {
            throw new NotSupportedException("norm: only float32 output is added to, and only sums have a factor");
        }

        SpecializationConstants constants =
            new NormConstants(Threads(width), shift.HasValue, accumulate, Held(width), factor.HasValue).ToSpecialization();
        uint stride = (uint)Activations.Stride(width);
        gain = Activations.Require(nameof(gain), gain, 4L * width);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            context.GetPipeline($"norm_{Activations.VariantPart(outputType)}", constants),
            ((uint)seqLen, 1, 1),
            new NormPush((uint)width, (uint)Activations.Stride(inputWidth ?? width), stride, epsilon, ChainPush.Of(link)),
            [
                Activations.Require(nameof(x), x, ActivationType.F32, seqLen, inputWidth ?? width),
                gain,
                Activations.Require(nameof(y), y, outputType, seqLen, width),
                Activations.Require(nameof(shift), shift ?? gain, 4L * width),
                Activations.Require(nameof(factor), factor ?? gain, sizeof(float)),
            ],
            link: link);
    }

    /// <summary>Records the norm of one row as the input of a matrix-vector product.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [Stride(width)].</param>
    /// <param name="gain">float32 [width].</param>
    /// <param name="y">Receives the result; without a further norm.</param>
    /// <param name="width">Elements of the row.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <param name="shift">float32 [width]: makes it a LayerNorm.</param>
    /// <returns>What the product takes.</returns>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public VectorInput RecordVector(
        CommandList commands, BufferView x, BufferView gain, VectorOutput y, int width, float epsilon, BufferView? shift = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (y.Form == VectorForm.Float)
        {
            Record(commands, x, gain, y.Data, 1, width, epsilon, shift: shift);
            return new VectorInput(y.Data);
        }

        Views.RequireBytes(nameof(y), y.Data, VectorInput.SizeInBytes(VectorForm.Fixed, width));
        uint stride = (uint)Activations.Stride(width);
        gain = Activations.Require(nameof(gain), gain, 4L * width);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            context.GetPipeline("norm_fixed", new NormFixedConstants(Threads(width), shift.HasValue).ToSpecialization()),
            (1, 1, 1),
            new NormPush((uint)width, stride, (uint)WeightLayout.PadColumns(width), epsilon, ChainPush.Of(link)),
            [
                Activations.Require(nameof(x), x, ActivationType.F32, 1, width), gain, y.Data,
                Activations.Require(nameof(shift), shift ?? gain, 4L * width),
            ],
            link: link);
        return new VectorInput(y.Data, VectorForm.Fixed);
    }
}

/// <summary>Specialisation constants of <c>norm/norm.comp</c>.</summary>
internal readonly record struct NormConstants(int Threads, bool LayerNorm, bool Accumulate, int Held, bool Factor = false)
    : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "LAYER_NORM", "ACCUMULATE", "HELD", "FACTOR"];

    public static string Source => "norm/norm.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, SpecializationConstants.Bits(LayerNorm)), (2, SpecializationConstants.Bits(Accumulate)),
        (3, (uint)Held), (4, SpecializationConstants.Bits(Factor)));
}

/// <summary>Specialisation constants of <c>norm/norm_fixed.comp</c>.</summary>
internal readonly record struct NormFixedConstants(int Threads, bool LayerNorm) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "LAYER_NORM"];

    public static string Source => "norm/norm_fixed.comp";

    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From((0, (uint)Threads), (1, SpecializationConstants.Bits(LayerNorm)));
}

/// <summary>Push constants of <c>push/norm.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NormPush(uint Width, uint InputStride, uint OutputStride, float Epsilon, ChainPush Chain);

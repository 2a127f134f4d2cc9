using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>RMSNorm over rows: y = x / sqrt(mean(x²) + eps) * gain (Zhang and Sennrich 2019). Thread-safe.</summary>
/// <param name="context">The device.</param>
public sealed class RmsNormKernel(KernelContext context)
{
    internal SpecializationConstants Constants { get; } =
        new RmsNormConstants(context.IsSoftware ? context.Capabilities.SubgroupSize : 256).ToSpecialization();

    /// <summary>Records the normalisation of each row.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">Input, float32 [seqLen, Stride(width)].</param>
    /// <param name="gain">float32 [width].</param>
    /// <param name="y">Output, [seqLen, Stride(width)] of <paramref name="outputType"/>.</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <param name="outputType">How the output is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void Record(
        CommandList commands, BufferView x, BufferView gain, BufferView y, int seqLen, int width, float epsilon,
        ActivationType outputType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        var pipeline = context.GetPipeline($"rms_norm_{Activations.VariantPart(outputType)}", Constants);
        var stride = (uint)Activations.Stride(width);
        commands.Dispatch(
            pipeline,
            ((uint)seqLen, 1, 1),
            new RmsNormPush((uint)width, stride, stride, epsilon),
            [
                Activations.Require(nameof(x), x, ActivationType.F32, seqLen, width),
                Activations.Require(nameof(gain), gain, 4L * width),
                Activations.Require(nameof(y), y, outputType, seqLen, width),
            ]);
    }
}

/// <summary>Specialisation constants of <c>norm/rms_norm.comp</c>.</summary>
internal sealed record RmsNormConstants(int Threads)
{
    public SpecializationConstants ToSpecialization() => SpecializationConstants.From((0, (uint)Threads));
}

/// <summary>Push constants of <c>push/rms_norm.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RmsNormPush(uint Width, uint InputStride, uint OutputStride, float Epsilon);

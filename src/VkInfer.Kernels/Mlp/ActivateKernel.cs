using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The middle of a feed-forward layer over rows: gated, y = f(gate) · up of rows [gate | up] (SwiGLU, GeGLU; Shazeer 2020), or plain,
/// y = f(x). Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ActivateKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("activate").Threads(128);

    /// <summary>Records the activation of each row.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">Input, [seqLen, Stride(inputWidth)]; gated, the gate's elements, then those of up.</param>
    /// <param name="y">Output, [seqLen, Stride(width)].</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="width">Elements of an output row; of an input row, too, or half of them where it is gated.</param>
    /// <param name="function">f.</param>
    /// <param name="gated">Whether the input has a gate.</param>
    /// <param name="bias">float32 [inputWidth], added to the input first.</param>
    /// <param name="inputType">How <paramref name="x"/> is stored.</param>
    /// <param name="outputType">How <paramref name="y"/> is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">float16 input with float32 output.</exception>
    public void Record(
        CommandList commands, BufferView x, BufferView y, int seqLen, int width, ActivationFunction function, bool gated,
        BufferView? bias = null, ActivationType inputType = ActivationType.F32, ActivationType outputType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (inputType == ActivationType.F16 && outputType == ActivationType.F32)
        {
            throw new NotSupportedException("activation: float16 input is only taken with float16 output");
        }

        int inputWidth = gated ? 2 * width : width;
        SpecializationConstants constants = new ActivateConstants(Threads, function, gated, bias.HasValue).ToSpecialization();
        int columns = 2 * Threads;
        x = Activations.Require(nameof(x), x, inputType, seqLen, inputWidth);
        commands.Dispatch(
            context.GetPipeline($"activate_{Activations.VariantPart(inputType)}_{Activations.VariantPart(outputType)}", constants),
            ((uint)((width + columns - 1) / columns), (uint)seqLen, 1),
            new ActivatePush((uint)width, (uint)Activations.Stride(inputWidth), (uint)Activations.Stride(width)),
            [
                x,
                Activations.Require(nameof(y), y, outputType, seqLen, width),
                bias is { } added ? Activations.Require(nameof(bias), added, 4L * inputWidth) : x,
            ]);
    }
}

/// <summary>Specialisation constants of <c>mlp/activate.comp</c>.</summary>
internal readonly record struct ActivateConstants(int Threads, ActivationFunction Function, bool Gated, bool Bias) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "ACTIVATION", "GATED", "BIAS"];

    public static string Source => "mlp/activate.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)Function), (2, SpecializationConstants.Bits(Gated)), (3, SpecializationConstants.Bits(Bias)));
}

/// <summary>Push constants of <c>push/activate.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ActivatePush(uint Width, uint InputStride, uint OutputStride);

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>SwiGLU over rows [gate | up]: y = silu(gate) * up (Shazeer 2020). Thread-safe.</summary>
/// <param name="context">The device.</param>
public sealed class SwiGluKernel(KernelContext context)
{
    internal SwiGluConstants Constants { get; } = new(context.IsSoftware ? context.Capabilities.SubgroupSize : 128);

    /// <summary>Records the gating of each row.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="gateUp">Input, [seqLen, Stride(2 * intermediateSize)]: the gate's elements, then those of up.</param>
    /// <param name="y">Output, [seqLen, Stride(intermediateSize)].</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="intermediateSize">Elements of an output row.</param>
    /// <param name="inputType">How <paramref name="gateUp"/> is stored.</param>
    /// <param name="outputType">How <paramref name="y"/> is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">float16 input with float32 output.</exception>
    public void Record(
        CommandList commands, BufferView gateUp, BufferView y, int seqLen, int intermediateSize,
        ActivationType inputType = ActivationType.F32, ActivationType outputType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (inputType == ActivationType.F16 && outputType == ActivationType.F32)
        {
            throw new NotSupportedException("SwiGLU: float16 input is only taken with float16 output");
        }

        var variant = $"swiglu_{Activations.VariantPart(inputType)}_{Activations.VariantPart(outputType)}";
        var push = new SwiGluPush(
            (uint)intermediateSize, (uint)Activations.Stride(2 * intermediateSize), (uint)Activations.Stride(intermediateSize));
        var columns = 2 * Constants.Threads;
        commands.Dispatch(
            context.GetPipeline(variant, Constants.ToSpecialization()),
            ((uint)((intermediateSize + columns - 1) / columns), (uint)seqLen, 1),
            push,
            [
                Activations.Require(nameof(gateUp), gateUp, inputType, seqLen, 2 * intermediateSize),
                Activations.Require(nameof(y), y, outputType, seqLen, intermediateSize),
            ]);
    }
}

/// <summary>Specialisation constants of <c>mlp/swiglu.comp</c>.</summary>
internal sealed record SwiGluConstants(int Threads)
{
    public SpecializationConstants ToSpecialization() => SpecializationConstants.From((0, (uint)Threads));
}

/// <summary>Push constants of <c>push/swiglu.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SwiGluPush(uint Width, uint InputStride, uint OutputStride);

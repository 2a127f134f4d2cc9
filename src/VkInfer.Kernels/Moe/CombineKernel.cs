using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The end of a mixture of experts: their outputs, weighted, added to the residual stream. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class CombineKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("combine").Threads(128);

    /// <summary>Records y[t] += Σ weights[t, i] · outputs[t, i], or y[t] = that.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="outputs">float32 [seqLen · used, Stride(width)].</param>
    /// <param name="weights">float32 [seqLen, used].</param>
    /// <param name="y">float32 [seqLen, Stride(width)].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="used">Experts that a token goes to.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="accumulate">Whether the sum is added to <paramref name="y"/>; false: it takes its place.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void Record(
        CommandList commands, BufferView outputs, BufferView weights, BufferView y, int seqLen, int used, int width,
        bool accumulate = true)
    {
        ArgumentNullException.ThrowIfNull(commands);
        commands.Dispatch(
            context.GetPipeline("combine", Constants(accumulate).ToSpecialization()),
            ((uint)((width + Threads - 1) / Threads), (uint)seqLen, 1),
            new CombinePush((uint)width, (uint)Activations.Stride(width), (uint)used),
            [
                Activations.Require(nameof(outputs), outputs, ActivationType.F32, seqLen * used, width),
                Activations.Require(nameof(weights), weights, 4L * seqLen * used),
                Activations.Require(nameof(y), y, ActivationType.F32, seqLen, width),
            ]);
    }

    internal CombineConstants Constants(bool accumulate = true) => new(Threads, accumulate);
}

/// <summary>Specialisation constants of <c>moe/combine.comp</c>.</summary>
internal readonly record struct CombineConstants(int Threads, bool Accumulate) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "ACCUMULATE"];

    public static string Source => "moe/combine.comp";

    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From((0, (uint)Threads), (1, SpecializationConstants.Bits(Accumulate)));
}

/// <summary>Push constants of <c>push/combine.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct CombinePush(uint Width, uint Stride, uint Used);

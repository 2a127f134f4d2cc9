using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The router of a mixture of experts: of each token's logits the greatest, and their softmax as weights (Shazeer et al. 2017; Jiang et
/// al., "Mixtral of Experts"). Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
public sealed class RouteKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("route").Threads(64);

    /// <summary>Records the choice for every token.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="logits">float32 [seqLen, Stride(experts)].</param>
    /// <param name="chosen">Output, uint32 [seqLen, used]: experts, all below <paramref name="experts"/>, the greatest first.</param>
    /// <param name="weights">Output, float32 [seqLen, used]; each row sums to 1.</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <exception cref="ArgumentException">A view is too short, or a token goes to more experts than there are.</exception>
    public void Record(CommandList commands, BufferView logits, BufferView chosen, BufferView weights, int seqLen, int experts, int used)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentOutOfRangeException.ThrowIfLessThan(used, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(used, experts);
        commands.Dispatch(
            context.GetPipeline("route", SpecializationConstants.From((0, (uint)Threads))),
            ((uint)seqLen, 1, 1),
            new RoutePush((uint)experts, (uint)Activations.Stride(experts), (uint)used),
            [
                Activations.Require(nameof(logits), logits, ActivationType.F32, seqLen, experts),
                Activations.Require(nameof(chosen), chosen, 4L * seqLen * used),
                Activations.Require(nameof(weights), weights, 4L * seqLen * used),
            ]);
    }
}

/// <summary>Push constants of <c>push/route.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RoutePush(uint Experts, uint Stride, uint Used);

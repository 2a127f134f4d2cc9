using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Bounds values softly, in place: x = cap · tanh(x / cap) (Gemma 2). Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SoftCapKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("soft_cap").Threads(256);

    /// <summary>Records the bound of every value.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="values">float32, all of the view.</param>
    /// <param name="cap">The bound, above 0.</param>
    public void Record(CommandList commands, BufferView values, float cap)
    {
        ArgumentNullException.ThrowIfNull(commands);
        uint count = (uint)(values.Length / sizeof(float));
        long groups = Math.Min((count + Threads - 1) / Threads, context.Capabilities.MaxWorkgroupCount.X);
        commands.Dispatch(
            context.GetPipeline("soft_cap", SpecializationConstants.From((0, (uint)Threads))),
            ((uint)groups, 1, 1), new SoftCapPush(count, cap), [values]);
    }
}

/// <summary>Push constants of <c>push/soft_cap.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SoftCapPush(uint Count, float Cap);

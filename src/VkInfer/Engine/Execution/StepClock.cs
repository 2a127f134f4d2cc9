using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>How long recorded steps take, by the device's own clock where it has one.</summary>
internal static class StepClock
{
    public static void Begin(GpuDevice device, CommandList commands) => Stamp(device, commands, "begin");

    public static void End(GpuDevice device, CommandList commands) => Stamp(device, commands, "end");

    /// <summary>Microseconds of the latest submission, which has completed; 0: the device's clock does not say.</summary>
    public static double Read(CommandList commands) =>
        commands.ReadMicroseconds() ?? 0;

    private static void Stamp(GpuDevice device, CommandList commands, string label)
    {
        if (device.Capabilities.TimestampsSupported)
        {
            commands.Timestamp(label);
        }
    }
}

using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Command lists that are made and recorded in one go.</summary>
internal static class Recording
{
    /// <summary>Makes a list and records it.</summary>
    /// <param name="device">Where.</param>
    /// <param name="name">For messages and debuggers.</param>
    /// <param name="record">Records; where it throws, nothing is left behind.</param>
    /// <returns>The list, owned by the caller.</returns>
    public static CommandList Record(this GpuDevice device, string name, Action<CommandList> record)
    {
        CommandList commands = device.CreateCommandList(name);
        try
        {
            commands.Record(record);
            return commands;
        }
        catch
        {
            commands.Dispose();
            throw;
        }
    }

    /// <summary>Submits commands once.</summary>
    /// <param name="device">Where.</param>
    /// <param name="name">For messages and debuggers.</param>
    /// <param name="record">Records them.</param>
    public static Submission RunOnce(this GpuDevice device, string name, Action<CommandList> record)
    {
        using CommandList commands = device.Record(name, record);
        return device.SubmitOnce(commands);
    }
}

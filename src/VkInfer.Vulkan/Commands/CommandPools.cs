using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Creates command pools and their one command buffer.</summary>
internal static unsafe class CommandPools
{
    public static CommandPool Create(DeviceContext context, uint family)
    {
        var info = new CommandPoolCreateInfo { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = family };
        CommandPool pool;
        context.Check(context.Vk.CreateCommandPool(context.Handle, &info, null, &pool), "vkCreateCommandPool");
        return pool;
    }

    public static CommandBuffer Allocate(DeviceContext context, CommandPool pool)
    {
        var info = new CommandBufferAllocateInfo
        {
            SType = StructureType.CommandBufferAllocateInfo,
            CommandPool = pool,
            Level = CommandBufferLevel.Primary,
            CommandBufferCount = 1,
        };
        CommandBuffer commands;
        context.Check(context.Vk.AllocateCommandBuffers(context.Handle, &info, &commands), "vkAllocateCommandBuffers");
        return commands;
    }
}

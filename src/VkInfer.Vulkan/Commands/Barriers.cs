using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The memory barriers in use. All are global: drivers do the same for buffer barriers.</summary>
internal static unsafe class Barriers
{
    /// <summary>All earlier work of the queue before all later work.</summary>
    public static void Everything(Vk vk, CommandBuffer commands) => Record(
        vk, commands,
        PipelineStageFlags2.AllCommandsBit, AccessFlags2.MemoryWriteBit,
        PipelineStageFlags2.AllCommandsBit, AccessFlags2.MemoryReadBit | AccessFlags2.MemoryWriteBit);

    /// <summary>All earlier writes before reads by the CPU.</summary>
    public static void ToHost(Vk vk, CommandBuffer commands) => Record(
        vk, commands,
        PipelineStageFlags2.AllCommandsBit, AccessFlags2.MemoryWriteBit,
        PipelineStageFlags2.HostBit, AccessFlags2.HostReadBit);

    /// <summary>Work of some stages before work of one stage.</summary>
    public static void Between(Vk vk, CommandBuffer commands, WorkStages before, WorkStages after) => Record(
        vk, commands, Stages(before), Writes(before), Stages(after), Reads(after) | Writes(after));

    private static void Record(
        Vk vk, CommandBuffer commands,
        PipelineStageFlags2 sourceStages, AccessFlags2 sourceAccess, PipelineStageFlags2 stages, AccessFlags2 access)
    {
        var barrier = new MemoryBarrier2
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = sourceStages,
            SrcAccessMask = sourceAccess,
            DstStageMask = stages,
            DstAccessMask = access,
        };
        var info = new DependencyInfo
        {
            SType = StructureType.DependencyInfo,
            MemoryBarrierCount = 1,
            PMemoryBarriers = &barrier,
        };
        vk.CmdPipelineBarrier2(commands, &info);
    }

    private static PipelineStageFlags2 Stages(WorkStages stages)
        => (stages.HasFlag(WorkStages.Compute) ? PipelineStageFlags2.ComputeShaderBit : 0)
            | (stages.HasFlag(WorkStages.Transfer) ? PipelineStageFlags2.AllTransferBit : 0);

    private static AccessFlags2 Reads(WorkStages stages)
        => (stages.HasFlag(WorkStages.Compute) ? AccessFlags2.ShaderStorageReadBit : 0)
            | (stages.HasFlag(WorkStages.Transfer) ? AccessFlags2.TransferReadBit : 0);

    private static AccessFlags2 Writes(WorkStages stages)
        => (stages.HasFlag(WorkStages.Compute) ? AccessFlags2.ShaderStorageWriteBit : 0)
            | (stages.HasFlag(WorkStages.Transfer) ? AccessFlags2.TransferWriteBit : 0);
}

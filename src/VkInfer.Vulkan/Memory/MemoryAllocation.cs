namespace VkInfer.Vulkan;

/// <summary>A range of a block.</summary>
/// <param name="Block">The block; null for none.</param>
/// <param name="Offset">First byte in the block.</param>
/// <param name="Size">Bytes taken.</param>
/// <param name="Cached">The CPU reads it at full speed.</param>
internal readonly record struct MemoryAllocation(MemoryBlock Block, long Offset, long Size, bool Cached)
{
    /// <summary>Address for the CPU; null when not mapped.</summary>
    public unsafe byte* Mapped => Block.Mapped is null ? null : Block.Mapped + Offset;
}

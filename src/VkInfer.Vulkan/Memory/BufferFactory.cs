using Silk.NET.Vulkan;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>Makes VkBuffers bound to memory. Thread-safe.</summary>
internal sealed unsafe class BufferFactory(DeviceContext context, MemoryAllocator allocator)
{
    /// <summary>Copies, fills and vector loads work on whole 16 bytes.</summary>
    private const long Granularity = 16;

    /// <summary>A buffer of at least <paramref name="size"/> bytes, usable on every queue.</summary>
    public Buffer Create(long size, MemoryUse use, string name, out MemoryAllocation allocation)
    {
        uint* families = stackalloc uint[2] { context.Families.Compute!.Value, context.Families.Transfer ?? 0 };
        var info = new BufferCreateInfo
        {
            SType = StructureType.BufferCreateInfo,
            Size = (ulong)((size + Granularity - 1) / Granularity * Granularity),
            Usage = BufferUsageFlags.StorageBufferBit | BufferUsageFlags.ShaderDeviceAddressBit
                | BufferUsageFlags.TransferSrcBit | BufferUsageFlags.TransferDstBit,
            SharingMode = context.Families.Transfer is null ? SharingMode.Exclusive : SharingMode.Concurrent,
            QueueFamilyIndexCount = context.Families.Transfer is null ? 0u : 2u,
            PQueueFamilyIndices = families,
        };
        Buffer buffer;
        context.Check(context.Vk.CreateBuffer(context.Handle, &info, null, &buffer), "vkCreateBuffer");
        try
        {
            MemoryRequirements requirements;
            context.Vk.GetBufferMemoryRequirements(context.Handle, buffer, &requirements);
            allocation = allocator.Allocate(use, requirements, name);
            try
            {
                context.Check(
                    context.Vk.BindBufferMemory(context.Handle, buffer, allocation.Block.Memory, (ulong)allocation.Offset),
                    "vkBindBufferMemory");
                context.Name(ObjectType.Buffer, buffer.Handle, name);
            }
            catch
            {
                allocator.Free(allocation);
                throw;
            }
        }
        catch
        {
            context.Vk.DestroyBuffer(context.Handle, buffer, null);
            throw;
        }

        return buffer;
    }

    /// <summary>Where shaders find a buffer.</summary>
    public ulong AddressOf(Buffer buffer)
    {
        var info = new BufferDeviceAddressInfo { SType = StructureType.BufferDeviceAddressInfo, Buffer = buffer };
        return context.Vk.GetBufferDeviceAddress(context.Handle, &info);
    }

    public void Destroy(Buffer buffer, MemoryAllocation allocation)
    {
        context.Vk.DestroyBuffer(context.Handle, buffer, null);
        allocator.Free(allocation);
    }
}

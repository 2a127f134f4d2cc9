using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Which queue families are used: one for compute, and one for transfers alone where there is one.</summary>
/// <param name="Compute">Family of the compute queue; null when the device has none.</param>
/// <param name="Transfer">Family of the transfer queue; null when there is none of its own.</param>
/// <param name="TimestampBits">Valid bits of the compute queue's time stamps; 0 without time stamps.</param>
internal readonly record struct QueueFamilies(uint? Compute, uint? Transfer, int TimestampBits)
{
    public static unsafe QueueFamilies Of(Vk vk, PhysicalDevice device, DeviceProfile? profile)
    {
        uint count = 0;
        vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, null);
        var families = new QueueFamilyProperties[count];
        fixed (QueueFamilyProperties* first = families)
        {
            vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, first);
        }

        // The family with graphics and compute comes first: on NVIDIA it starts dispatches fastest.
        uint? compute = null;
        int best = -1;
        uint? transfer = null;
        for (uint i = 0; i < count; i++)
        {
            QueueFlags flags = families[i].QueueFlags;
            if (flags.HasFlag(QueueFlags.ComputeBit))
            {
                int score = (flags.HasFlag(QueueFlags.GraphicsBit) ? 1 : 0) + (families[i].TimestampValidBits > 0 ? 2 : 0);
                if (score > best)
                {
                    (best, compute) = (score, i);
                }
            }
            else if (flags.HasFlag(QueueFlags.TransferBit) && !flags.HasFlag(QueueFlags.GraphicsBit) && transfer is null
                && !IsMediaOnly(flags))
            {
                transfer = i;
            }
        }

        var found = new QueueFamilies(compute, transfer, compute is { } index ? (int)families[index].TimestampValidBits : 0);
        return profile?.Reduce(found) ?? found;
    }

    private static bool IsMediaOnly(QueueFlags flags)
        => (flags & (QueueFlags.VideoDecodeBitKhr | QueueFlags.VideoEncodeBitKhr | QueueFlags.OpticalFlowBitNV)) != 0;
}

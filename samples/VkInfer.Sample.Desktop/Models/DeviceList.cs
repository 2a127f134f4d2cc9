using System.Globalization;
using VkInfer.Samples.Desktop.Chat;
using VkInfer.Vulkan;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>A device as it can be chosen.</summary>
/// <param name="Value">What <see cref="ModelOptions.Device"/> takes.</param>
/// <param name="Label">What is shown.</param>
/// <param name="IsUsable">Whether it can be chosen.</param>
public sealed record DeviceChoice(string Value, string Label, bool IsUsable);

/// <summary>The devices of this machine.</summary>
public static class DeviceList
{
    /// <summary>Lists them, behind the choice that leaves it to the runtime.</summary>
    /// <param name="problem">Why there are none; null: there are.</param>
    public static IReadOnlyList<DeviceChoice> Read(out Problem? problem)
    {
        var automatic = new DeviceChoice("auto", "Automatic", true);
        try
        {
            problem = null;
            return [automatic, .. Devices.Enumerate().Select(ChoiceOf)];
        }
        catch (VulkanException exception)
        {
            problem = Problem.Of(exception);
            return [automatic];
        }
    }

    private static DeviceChoice ChoiceOf(PhysicalDeviceInfo device)
    {
        long memory = device.Capabilities.Heaps.Where(heap => heap.DeviceLocal).Sum(heap => heap.Size);
        string label = $"{device.Name} ({device.Type.ToString().ToLowerInvariant()}, {Amount.Bytes(memory)})";
        return new DeviceChoice(
            device.Index.ToString(CultureInfo.InvariantCulture),
            device.UnsupportedReason is { } reason ? $"{label}: {reason}" : label,
            device.UnsupportedReason is null);
    }
}

namespace VkInfer.Vulkan;

/// <summary>
/// A share in the one Vulkan instance and the one device that this process has for a GPU and a set of options. The first share opens
/// them, the last one that is disposed closes them. A device that was lost is left to those who have it: the next share opens another.
/// Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SharedDevice : IDisposable
{
    // Held while devices are opened and closed, so that there is never a second one; no user's code runs under it.
    private static readonly Lock Gate = new();
    private static readonly Dictionary<VulkanInstanceOptions, OpenInstance> Instances = [];

    private readonly OpenInstance _instance;
    private readonly OpenDevice _device;
    private readonly int _messagesBefore;
    private bool _disposed;

    private SharedDevice(OpenInstance instance, OpenDevice device)
    {
        (_instance, _device) = (instance, device);
        _messagesBefore = instance.Vulkan.ValidationMessages.Count;
    }

    /// <summary>The device, owned by all its shares.</summary>
    public GpuDevice Gpu => _device.Gpu;

    /// <summary>
    /// What the validation layer said since this share began, of all users of the instance; empty when validation is off.
    /// </summary>
    public IReadOnlyList<string> ValidationMessages => [.. _instance.Vulkan.ValidationMessages.Skip(_messagesBefore)];

    /// <summary>Takes a share.</summary>
    /// <param name="options">How Vulkan is started; equal options share.</param>
    /// <param name="selector">Which device.</param>
    /// <returns>The share, owned by the caller.</returns>
    /// <exception cref="VulkanUnavailableException">No loader, no driver, or no validation layer though it was asked for.</exception>
    /// <exception cref="DeviceNotFoundException">No device matches; the message lists what is there.</exception>
    /// <exception cref="VulkanException">The device is unusable (the message says why), or its driver refuses.</exception>
    public static SharedDevice Open(VulkanInstanceOptions options, DeviceSelector selector)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options with { CacheFolder = GpuCacheFolder.Resolve(options.CacheFolder) ?? GpuCacheFolder.Off };
        lock (Gate)
        {
            if (!Instances.TryGetValue(options, out OpenInstance? instance))
            {
                instance = new OpenInstance(VulkanInstance.Create(options));
                Instances.Add(options, instance);
            }

            try
            {
                PhysicalDeviceInfo info = instance.Vulkan.Select(selector);
                if (!instance.Devices.TryGetValue(info.Handle, out OpenDevice? device) || !device.Gpu.IsAlive())
                {
                    device = new OpenDevice(instance.Vulkan.Open(info));
                    instance.Devices[info.Handle] = device;
                }

                device.Shares++;
                instance.Shares++;
                return new SharedDevice(instance, device);
            }
            finally
            {
                CloseIfUnused(instance);
            }
        }
    }

    /// <summary>Gives the share back.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _instance.Shares--;
            if (--_device.Shares == 0)
            {
                nint handle = Gpu.Info.Handle;
                if (_instance.Devices.TryGetValue(handle, out OpenDevice? current) && ReferenceEquals(current, _device))
                {
                    _instance.Devices.Remove(handle);
                }

                Gpu.Dispose();
            }

            CloseIfUnused(_instance);
        }
    }

    private static void CloseIfUnused(OpenInstance instance)
    {
        if (instance.Shares == 0)
        {
            foreach ((VulkanInstanceOptions options, OpenInstance open) in Instances)
            {
                if (ReferenceEquals(open, instance))
                {
                    Instances.Remove(options);
                    break;
                }
            }

            instance.Vulkan.Dispose();
        }
    }

    private sealed class OpenInstance(VulkanInstance vulkan)
    {
        public VulkanInstance Vulkan => vulkan;

        public Dictionary<nint, OpenDevice> Devices { get; } = [];

        public int Shares { get; set; }
    }

    private sealed class OpenDevice(GpuDevice gpu)
    {
        public GpuDevice Gpu => gpu;

        public int Shares { get; set; }
    }
}

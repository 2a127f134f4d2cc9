using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>What every part of an open device shares: the handles, the check of results, and whether the device still lives.</summary>
internal sealed unsafe class DeviceContext
{
    private volatile bool _lost;

    private DeviceContext(Vk vk, Device handle, PhysicalDeviceInfo info, QueueFamilies families, ExtDebugUtils? debug)
    {
        Vk = vk;
        Handle = handle;
        Info = info;
        Families = families;
        Debug = debug;
    }

    /// <summary>Of the device; set by it, before anything else sees the context.</summary>
    public Lifetime Lifetime { get; set; } = null!;

    public Vk Vk { get; }

    public Device Handle { get; }

    public PhysicalDevice Physical => new(Info.Handle);

    public PhysicalDeviceInfo Info { get; }

    public QueueFamilies Families { get; }

    public ExtDebugUtils? Debug { get; }

    /// <summary>Null unless statistics were asked for and the driver has them.</summary>
    public KhrPipelineExecutableProperties? Executables { get; private init; }

    /// <summary>Null: no cache on disk.</summary>
    public string? CacheFolder { get; private init; }

    /// <summary>For tests: the next call of this name fails with <see cref="FaultResult"/>.</summary>
    public string? FaultOperation { get; set; }

    /// <summary>For tests: the VkResult of the fault, as a number.</summary>
    public int FaultResult { get; set; }

    public static DeviceContext Create(
        Vk vk, Instance instance, PhysicalDeviceInfo info, ExtDebugUtils? debug, VulkanInstanceOptions options)
    {
        var physical = new PhysicalDevice(info.Handle);
        var families = QueueFamilies.Of(vk, physical, info.Profile);
        HashSet<string> available = DeviceExtensions.Of(vk, physical, info.Profile);
        List<string> extensions = DeviceExtensions.ToEnable(available, options.PipelineStatistics);

        var offered = default(FeatureChain);
        FeatureChain.Query(vk, physical, info.Profile, &offered, extensions.Contains);
        var used = default(FeatureChain);
        FeatureChain.Link(&used, extensions.Contains);
        FeatureChain.KeepUsed(&offered, &used, options.PipelineStatistics);

        float priority = 1f;
        DeviceQueueCreateInfo* queues = stackalloc DeviceQueueCreateInfo[2];
        uint queueCount = 0;
        foreach (uint? family in stackalloc[] { families.Compute, families.Transfer })
        {
            if (family is { } index)
            {
                queues[queueCount++] = new DeviceQueueCreateInfo
                {
                    SType = StructureType.DeviceQueueCreateInfo,
                    QueueFamilyIndex = index,
                    QueueCount = 1,
                    PQueuePriorities = &priority,
                };
            }
        }

        using var names = new Utf8NameArray(extensions);
        var create = new DeviceCreateInfo
        {
            SType = StructureType.DeviceCreateInfo,
            PNext = &used.Core,
            QueueCreateInfoCount = queueCount,
            PQueueCreateInfos = queues,
            EnabledExtensionCount = names.Count,
            PpEnabledExtensionNames = names.Pointer,
        };
        Device handle;
        VulkanException.ThrowIfFailed(vk.CreateDevice(physical, &create, null, &handle), "vkCreateDevice");
        return new DeviceContext(vk, handle, info, families, debug)
        {
            Executables = extensions.Contains(KhrPipelineExecutableProperties.ExtensionName)
                ? new KhrPipelineExecutableProperties(vk, instance)
                : null,
            CacheFolder = GpuCacheFolder.Resolve(options.CacheFolder),
        };
    }

    /// <summary>Throws what a failed result means; a lost device is remembered.</summary>
    public void Check(Result result, string operation)
    {
        if (FaultOperation is not null && FaultOperation == operation)
        {
            FaultOperation = null;
            result = (Result)FaultResult;
        }

        if (result >= Result.Success)
        {
            return;
        }

        if (result == Result.ErrorDeviceLost)
        {
            MarkLost();
        }

        throw VulkanException.From(result, operation);
    }

    /// <summary>The device was lost.</summary>
    public bool IsLost => _lost;

    /// <summary>The device may not be used any more.</summary>
    public void MarkLost() => _lost = true;

    /// <summary>For tests: uploads and downloads go through staging even where the CPU reaches the memory.</summary>
    public bool ForceStaging { get; set; }

    /// <summary>Starts work with the device: it is not destroyed before the lease is back.</summary>
    public Lifetime.Lease Use(string operation)
    {
        Lifetime.Lease lease = Lifetime.Enter();
        if (_lost)
        {
            lease.Dispose();
            throw new DeviceLostException(operation);
        }

        return lease;
    }

    /// <summary>Ends waiting on a device that is disposed or lost.</summary>
    public void ThrowIfUnusable(string operation)
    {
        Lifetime.ThrowIfClosed();
        if (_lost)
        {
            throw new DeviceLostException(operation);
        }
    }

    /// <summary>Names an object for debuggers and validation messages.</summary>
    public void Name(ObjectType type, ulong handle, string name)
    {
        if (Debug is null)
        {
            return;
        }

        using var text = new Utf8Name(name);
        var info = new DebugUtilsObjectNameInfoEXT
        {
            SType = StructureType.DebugUtilsObjectNameInfoExt,
            ObjectType = type,
            ObjectHandle = handle,
            PObjectName = text.Pointer,
        };
        Check(Debug.SetDebugUtilsObjectName(Handle, &info), "vkSetDebugUtilsObjectNameEXT");
    }
}

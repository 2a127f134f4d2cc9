using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Vulkan, started: finds the devices and opens them. Owns the devices it opened and disposes them with itself. Thread-safe, disposal
/// included.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed unsafe class VulkanInstance : IDisposable
{
    private const string ValidationLayer = "VK_LAYER_KHRONOS_validation";
    private const string ValidationFeatures = "VK_EXT_validation_features";
    private const string PortabilityEnumeration = "VK_KHR_portability_enumeration";

    private readonly Lifetime _lifetime;
    private readonly Vk _vk;
    private readonly Instance _instance;
    private readonly ValidationLog _log;
    private readonly ExtDebugUtils? _debug;
    private readonly DebugUtilsMessengerEXT _messenger;
    private readonly VulkanInstanceOptions _options;
    private readonly DeviceProfile? _profile;

    private VulkanInstance(VulkanInstanceOptions options)
    {
        _options = options;
        _profile = options.Profile ?? DeviceProfile.FromEnvironment();
        _lifetime = new Lifetime(nameof(VulkanInstance), Free);
        var library = VulkanLibrary.Open();
        _vk = new Vk(library);
        _log = new ValidationLog(options.OnValidationMessage);
        List<string> extensions = InstanceExtensions();
        _instance = CreateInstance(extensions);
        library.Attach(_instance);
        try
        {
            if (extensions.Contains(ExtDebugUtils.ExtensionName))
            {
                _debug = new ExtDebugUtils(_vk, _instance);
            }

            if (options.Validation && _debug is not null)
            {
                DebugUtilsMessengerCreateInfoEXT info = _log.CreateInfo();
                DebugUtilsMessengerEXT messenger;
                VulkanException.ThrowIfFailed(
                    _debug.CreateDebugUtilsMessenger(_instance, &info, &messenger), "vkCreateDebugUtilsMessengerEXT");
                _messenger = messenger;
            }

            Devices = EnumerateDevices();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// The devices, in the loader's order. Those that cannot be used say so in <see cref="PhysicalDeviceInfo.UnsupportedReason"/>.
    /// </summary>
    public IReadOnlyList<PhysicalDeviceInfo> Devices { get; } = [];

    /// <summary>Messages of the validation layer so far; empty when validation is off.</summary>
    public IReadOnlyList<string> ValidationMessages => _log.Messages;

    /// <summary>Starts Vulkan.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="VulkanUnavailableException">No loader, no driver, or no validation layer though it was asked for.</exception>
    /// <exception cref="ArgumentException">VKINFER_DEVICE_PROFILE, which is for tests, names no profile.</exception>
    public static VulkanInstance Create(VulkanInstanceOptions? options = null) => new(options ?? new VulkanInstanceOptions());

    /// <summary>Finds the device a selector asks for.</summary>
    /// <exception cref="DeviceNotFoundException">None matches; the message lists what is there.</exception>
    public PhysicalDeviceInfo Select(DeviceSelector selector)
    {
        ArgumentNullException.ThrowIfNull(selector);
        return selector.Choose(Devices) ?? throw new DeviceNotFoundException(selector, Devices);
    }

    /// <summary>Opens a device of <see cref="Devices"/>. The caller may dispose it; the instance does so at the latest.</summary>
    /// <exception cref="VulkanException">The device is unusable (the message says why), or its driver refuses.</exception>
    public GpuDevice Open(PhysicalDeviceInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        using Lifetime.Lease lease = _lifetime.Enter();
        if (!Devices.Any(device => device.Handle == info.Handle))
        {
            throw new ArgumentException($"'{info.Name}' is not a device of this instance.", nameof(info));
        }

        if (info.UnsupportedReason is { } reason)
        {
            throw new VulkanException($"Device {info.Index} '{info.Name}' cannot be used: {reason}.");
        }

        return new GpuDevice(DeviceContext.Create(_vk, _instance, info, _debug, _options), _lifetime);
    }

    /// <summary>Disposes the devices that are still open, then Vulkan itself.</summary>
    public void Dispose() => _lifetime.Dispose();

    private void Free()
    {
        if (_messenger.Handle != 0)
        {
            _debug!.DestroyDebugUtilsMessenger(_instance, _messenger);
        }

        if (!Quirks.KeepsInstance())
        {
            _vk.DestroyInstance(_instance, null);
        }

        _log.Dispose();
    }

    private Instance CreateInstance(List<string> extensions)
    {
        string[] layers = _options.Validation ? [ValidationLayer] : [];
        using var layerNames = new Utf8NameArray(layers);
        using var extensionNames = new Utf8NameArray(extensions);
        using var application = new Utf8Name(_options.ApplicationName);
        using var engine = new Utf8Name("VkInfer");
        var applicationInfo = new ApplicationInfo
        {
            SType = StructureType.ApplicationInfo,
            PApplicationName = application.Pointer,
            PEngineName = engine.Pointer,
            ApiVersion = Vk.Version13,
        };
        ValidationFeatureEnableEXT synchronization = ValidationFeatureEnableEXT.SynchronizationValidationExt;
        DebugUtilsMessengerCreateInfoEXT messengerInfo = _log.CreateInfo();
        var features = new ValidationFeaturesEXT
        {
            SType = StructureType.ValidationFeaturesExt,
            EnabledValidationFeatureCount = 1,
            PEnabledValidationFeatures = &synchronization,
            PNext = &messengerInfo,
        };
        var info = new InstanceCreateInfo
        {
            SType = StructureType.InstanceCreateInfo,
            PApplicationInfo = &applicationInfo,
            EnabledLayerCount = layerNames.Count,
            PpEnabledLayerNames = layerNames.Pointer,
            EnabledExtensionCount = extensionNames.Count,
            PpEnabledExtensionNames = extensionNames.Pointer,
            PNext = _options.Validation ? &features : null,
            Flags = extensions.Contains(PortabilityEnumeration) ? InstanceCreateFlags.EnumeratePortabilityBitKhr : 0,
        };
        Instance instance;
        Result result = _vk.CreateInstance(&info, null, &instance);
        if (result is Result.ErrorIncompatibleDriver or Result.ErrorInitializationFailed)
        {
            throw new VulkanUnavailableException($"There is no working Vulkan driver ({result}).");
        }

        VulkanException.ThrowIfFailed(result, "vkCreateInstance");
        return instance;
    }

    private List<string> InstanceExtensions()
    {
        HashSet<string> available = ExtensionsOf(null);
        var wanted = new List<string> { ExtDebugUtils.ExtensionName, PortabilityEnumeration };
        if (_options.Validation)
        {
            if (!LayerExists())
            {
                throw new VulkanUnavailableException($"Validation was asked for, and the layer {ValidationLayer} is not installed.");
            }

            available.UnionWith(ExtensionsOf(ValidationLayer));
            wanted.Add(ValidationFeatures);
        }

        return [.. wanted.Where(available.Contains)];
    }

    private HashSet<string> ExtensionsOf(string? layer)
    {
        const string Operation = "vkEnumerateInstanceExtensionProperties";
        using var name = new Utf8Name(layer ?? string.Empty);
        byte* pointer = layer is null ? null : name.Pointer;
        uint count = 0;
        Result result = _vk.EnumerateInstanceExtensionProperties(pointer, &count, null);
        if (result < Result.Success && layer is null)
        {
            // Loaders say out of memory when they cannot read a driver's description.
            throw new VulkanUnavailableException(
                $"The Vulkan loader fails ({Operation}: {result}): a driver's description (VK_DRIVER_FILES, icd.d) may be damaged.");
        }

        VulkanException.ThrowIfFailed(result, Operation);
        var properties = new ExtensionProperties[count];
        var names = new HashSet<string>(StringComparer.Ordinal);
        fixed (ExtensionProperties* first = properties)
        {
            VulkanException.ThrowIfFailed(_vk.EnumerateInstanceExtensionProperties(pointer, &count, first), Operation);
            for (int i = 0; i < count; i++)
            {
                names.Add(Utf8Name.Read(first[i].ExtensionName));
            }
        }

        return names;
    }

    private bool LayerExists()
    {
        uint count = 0;
        VulkanException.ThrowIfFailed(_vk.EnumerateInstanceLayerProperties(&count, null), "vkEnumerateInstanceLayerProperties");
        var layers = new LayerProperties[count];
        fixed (LayerProperties* first = layers)
        {
            VulkanException.ThrowIfFailed(_vk.EnumerateInstanceLayerProperties(&count, first), "vkEnumerateInstanceLayerProperties");
            for (int i = 0; i < count; i++)
            {
                if (Utf8Name.Read(first[i].LayerName) == ValidationLayer)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private List<PhysicalDeviceInfo> EnumerateDevices()
    {
        uint count = 0;
        VulkanException.ThrowIfFailed(_vk.EnumeratePhysicalDevices(_instance, &count, null), "vkEnumeratePhysicalDevices");
        if (count == 0)
        {
            throw new VulkanUnavailableException("There is a Vulkan loader and no device.");
        }

        var handles = new PhysicalDevice[count];
        fixed (PhysicalDevice* first = handles)
        {
            VulkanException.ThrowIfFailed(_vk.EnumeratePhysicalDevices(_instance, &count, first), "vkEnumeratePhysicalDevices");
        }

        var devices = new List<PhysicalDeviceInfo>();
        for (int i = 0; i < count; i++)
        {
            devices.Add(CapabilityReader.Read(_vk, _instance, handles[i], i, _profile));
        }

        return devices;
    }
}

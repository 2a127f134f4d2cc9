using System.Runtime.InteropServices;
using Silk.NET.Core.Contexts;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Finds Vulkan functions in the system's loader, without reflection, so that NativeAOT can trim.</summary>
internal sealed unsafe class VulkanLibrary : INativeContext
{
    private static readonly string[] Names = OperatingSystem.IsWindows()
        ? ["vulkan-1.dll"]
        : OperatingSystem.IsMacOS()
            ? ["libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "libMoltenVK.dylib"]
            : ["libvulkan.so.1", "libvulkan.so"];

    private readonly nint _library;
    private readonly delegate* unmanaged<nint, byte*, nint> _getInstanceProcAddr;
    private nint _instance;

    private VulkanLibrary(nint library)
    {
        _library = library;
        _getInstanceProcAddr = (delegate* unmanaged<nint, byte*, nint>)NativeLibrary.GetExport(library, "vkGetInstanceProcAddr");
    }

    /// <summary>Opens the loader. It stays open for the life of the process: drivers start threads that must not lose their code.</summary>
    public static VulkanLibrary Open()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new VulkanLibrary(library);
            }
        }

        throw new VulkanUnavailableException($"The Vulkan loader was not found (tried {string.Join(", ", Names)}).");
    }

    /// <summary>Lets functions be found that only this instance knows.</summary>
    public void Attach(Instance instance) => _instance = instance.Handle;

    public nint GetProcAddress(string proc, int? slot = null) => TryGetProcAddress(proc, out nint address, slot)
        ? address
        : throw new VulkanUnavailableException($"The Vulkan loader has no function {proc}; it is too old.");

    public bool TryGetProcAddress(string proc, out nint addr, int? slot = null)
    {
        if (NativeLibrary.TryGetExport(_library, proc, out addr))
        {
            return true;
        }

        using var name = new Utf8Name(proc);
        addr = _getInstanceProcAddr(_instance, name.Pointer);
        return addr != 0;
    }

    public void Dispose()
    {
    }
}

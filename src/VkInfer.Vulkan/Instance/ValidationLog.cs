using System.Runtime.InteropServices;
using Silk.NET.Core;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Collects the messages of the validation layer. Thread-safe.</summary>
internal sealed unsafe class ValidationLog(Action<string>? onMessage) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<string> _messages = [];
    private GCHandle _self;

    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    public DebugUtilsMessengerCreateInfoEXT CreateInfo()
    {
        if (!_self.IsAllocated)
        {
            _self = GCHandle.Alloc(this);
        }

        return new DebugUtilsMessengerCreateInfoEXT
        {
            SType = StructureType.DebugUtilsMessengerCreateInfoExt,
            MessageSeverity = DebugUtilsMessageSeverityFlagsEXT.WarningBitExt | DebugUtilsMessageSeverityFlagsEXT.ErrorBitExt,
            MessageType = DebugUtilsMessageTypeFlagsEXT.ValidationBitExt | DebugUtilsMessageTypeFlagsEXT.PerformanceBitExt,
            PfnUserCallback = new PfnDebugUtilsMessengerCallbackEXT(&OnMessage),
            PUserData = (void*)GCHandle.ToIntPtr(_self),
        };
    }

    public void Dispose()
    {
        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static Bool32 OnMessage(
        DebugUtilsMessageSeverityFlagsEXT severity,
        DebugUtilsMessageTypeFlagsEXT type,
        DebugUtilsMessengerCallbackDataEXT* data,
        void* userData)
    {
        if (GCHandle.FromIntPtr((nint)userData).Target is ValidationLog log)
        {
            log.Add(Utf8Name.Read(data->PMessage));
        }

        return false;
    }

    private void Add(string message)
    {
        lock (_lock)
        {
            _messages.Add(message);
        }

        onMessage?.Invoke(message);
    }
}

using System.Runtime.InteropServices;

namespace VkInfer.Vulkan;

/// <summary>A zero-terminated UTF-8 string in native memory.</summary>
internal readonly unsafe struct Utf8Name(string text) : IDisposable
{
    public byte* Pointer { get; } = (byte*)Marshal.StringToCoTaskMemUTF8(text);

    public static string Read(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;

    public void Dispose() => Marshal.FreeCoTaskMem((nint)Pointer);
}

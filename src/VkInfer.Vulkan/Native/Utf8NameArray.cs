using System.Runtime.InteropServices;

namespace VkInfer.Vulkan;

/// <summary>An array of zero-terminated UTF-8 strings in native memory, as ppEnabledExtensionNames wants it.</summary>
internal readonly unsafe struct Utf8NameArray : IDisposable
{
    public Utf8NameArray(IReadOnlyList<string> names)
    {
        Count = (uint)names.Count;
        Pointer = (byte**)NativeMemory.Alloc((nuint)Math.Max(names.Count, 1), (nuint)sizeof(byte*));
        for (int i = 0; i < names.Count; i++)
        {
            Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(names[i]);
        }
    }

    public byte** Pointer { get; }

    public uint Count { get; }

    public void Dispose()
    {
        for (int i = 0; i < Count; i++)
        {
            Marshal.FreeCoTaskMem((nint)Pointer[i]);
        }

        NativeMemory.Free(Pointer);
    }
}

using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace VkInfer.Formats;

/// <summary>
/// The bytes of an open file at one fixed address: a mapped view or pinned memory. The reference count of the handle keeps them there
/// while a copy is under way on another thread.
/// </summary>
internal sealed unsafe class GgufMemory : SafeHandle
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly MemoryHandle _pin;

    private GgufMemory(MemoryMappedFile map, MemoryMappedViewAccessor view, long length)
        : base(0, ownsHandle: true)
    {
        _map = map;
        _view = view;
        Length = length;
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        SetHandle((nint)(pointer + view.PointerOffset));
    }

    private GgufMemory(ReadOnlyMemory<byte> memory)
        : base(0, ownsHandle: true)
    {
        _pin = memory.Pin();
        Length = memory.Length;
        SetHandle((nint)_pin.Pointer);
    }

    public long Length { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>The first byte. Valid while the handle is open, or while the caller holds a reference to it.</summary>
    public byte* Pointer => (byte*)handle;

    public static GgufMemory Map(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        var length = RandomAccess.GetLength(file);
        if (length == 0)
        {
            throw Empty(path);
        }

        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            map = MemoryMappedFile.CreateFromFile(
                file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new GgufMemory(map, view, length);
        }
        catch
        {
            view?.Dispose();
            map?.Dispose();
            throw;
        }
    }

    public static GgufMemory Pin(ReadOnlyMemory<byte> memory, string name) => memory.IsEmpty ? throw Empty(name) : new(memory);

    internal static ModelFormatException Empty(string path) => new(path, 0, "the file is empty", "a GGUF file", "0 bytes");

    protected override bool ReleaseHandle()
    {
        if (_view is null)
        {
            _pin.Dispose();
            return true;
        }

        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map!.Dispose();
        return true;
    }
}

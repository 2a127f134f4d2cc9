using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace VkInfer.Formats;

/// <summary>
/// The bytes of an open file at one fixed address: a mapped view or pinned memory. The reference count of the handle keeps them there
/// while a copy is under way on another thread.
/// </summary>
internal sealed unsafe class FileMemory : SafeHandle
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly MemoryHandle _pin;

    private FileMemory(MemoryMappedFile map, MemoryMappedViewAccessor view, long length)
        : base(0, ownsHandle: true)
    {
        _map = map;
        _view = view;
        Length = length;
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        SetHandle((nint)(pointer + view.PointerOffset));
    }

    private FileMemory(ReadOnlyMemory<byte> memory)
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

    /// <summary>Maps a file after a look at what it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it should be, e.g. <c>a GGUF file</c>, for messages.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ModelFormatException">It is a directory or empty.</exception>
    public static FileMemory Map(string path, string kind)
    {
        if (Directory.Exists(path))
        {
            throw new ModelFormatException(path, null, "is a directory", kind);
        }

        // Looked at before it is opened, since opening a pipe without a writer never returns.
        var target = new FileInfo(File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path);
        if (!target.Exists)
        {
            throw new FileNotFoundException($"{path}: no such file", path);
        }

        return target.Length == 0 ? throw Empty(path, kind) : MapExisting(path, kind);
    }

    public static FileMemory Pin(ReadOnlyMemory<byte> memory, string name, string kind) =>
        memory.IsEmpty ? throw Empty(name, kind) : new(memory);

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

    private static FileMemory MapExisting(string path, string kind)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        var length = RandomAccess.GetLength(file);
        if (length == 0)
        {
            throw Empty(path, kind);
        }

        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            map = MemoryMappedFile.CreateFromFile(
                file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new FileMemory(map, view, length);
        }
        catch
        {
            view?.Dispose();
            map?.Dispose();
            throw;
        }
    }

    private static ModelFormatException Empty(string path, string kind) => new(path, 0, "the file is empty", kind, "0 bytes");
}

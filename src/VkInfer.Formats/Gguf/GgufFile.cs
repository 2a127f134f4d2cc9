using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace VkInfer.Formats;

/// <summary>
/// A GGUF file (version 2 or 3, little-endian), memory-mapped and validated as a whole when it is opened: whatever opens has consistent
/// metadata and tensors that lie within the file and do not overlap. Anything else is a <see cref="ModelFormatException"/>.
/// </summary>
/// <remarks>
/// Opening allocates in proportion to the header, never to a number that the header merely claims. Metadata stays usable after
/// <see cref="Dispose"/>; tensor data does not. All members may be used from several threads; <see cref="ReadTensor"/> may even race with
/// <see cref="Dispose"/>, while a span from <see cref="GetTensorData"/> must no longer be used once the file is disposed. The file must
/// not be shortened by another program while it is open: reading mapped bytes that have gone ends the process.
/// </remarks>
public sealed partial class GgufFile : IDisposable
{
    private readonly GgufMemory _memory;
    private readonly Dictionary<string, GgufTensor> _tensorsByName;

    private unsafe GgufFile(GgufMemory memory, string path)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("GGUF files are read on little-endian machines only");
        }

        var parser = new GgufParser(new GgufCursor(memory.Pointer, memory.Length, path));
        parser.Parse();
        Path = path;
        Version = (int)parser.Version;
        Alignment = parser.Alignment;
        FileSize = memory.Length;
        Metadata = new ReadOnlyDictionary<string, GgufValue>(parser.Metadata);
        Tensors = parser.Tensors.AsReadOnly();
        _tensorsByName = parser.TensorsByName;
        _memory = memory;
    }

    /// <summary>The file as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Version of the format, 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Alignment of tensor data in bytes, a power of two.</summary>
    public long Alignment { get; }

    /// <summary>Size of the file in bytes.</summary>
    public long FileSize { get; }

    /// <summary>All metadata in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <summary>All tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Maps and validates a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ModelFormatException">It is a directory, empty, not GGUF, or corrupt.</exception>
    /// <exception cref="IOException">The system cannot read it.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not read it.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new ModelFormatException(path, null, "is a directory", "a GGUF file");
        }

        // Looked at before it is opened, since opening a pipe without a writer never returns.
        var target = new FileInfo(File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path);
        if (!target.Exists)
        {
            throw new FileNotFoundException($"{path}: no such file", path);
        }

        return target.Length == 0 ? throw GgufMemory.Empty(path) : Own(GgufMemory.Map(path), path);
    }

    /// <summary>Validates a file that is already in memory, which is pinned until <see cref="Dispose"/> and must not change.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ModelFormatException">It is empty, not GGUF, or corrupt.</exception>
    public static GgufFile Open(ReadOnlyMemory<byte> bytes, string name = "memory") => Own(GgufMemory.Pin(bytes, name), name);

    /// <summary>Reads a stream to its end into memory and validates it; the stream stays open and is the caller's.</summary>
    /// <param name="stream">The whole file, at most 2 GiB; for an embedded model, say.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ModelFormatException">It is empty, not GGUF, or corrupt.</exception>
    /// <exception cref="IOException">The stream cannot be read or is longer than an array may be.</exception>
    public static GgufFile Open(Stream stream, string name = "stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return Open(copy.GetBuffer().AsMemory(0, (int)copy.Length), name);
    }

    /// <summary>Finds a tensor by its exact name.</summary>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _tensorsByName.TryGetValue(name, out tensor);

    /// <summary>Copies bytes of a tensor; safe against a <see cref="Dispose"/> on another thread.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="destination">Receives as many bytes as it is long.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes lie outside the tensor, or the tensor outside the file.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public unsafe void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination)
    {
        CheckRange(tensor, offset, destination.Length);
        var held = false;
        try
        {
            _memory.DangerousAddRef(ref held);
            new ReadOnlySpan<byte>(_memory.Pointer + tensor.Offset + offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            if (held)
            {
                _memory.DangerousRelease();
            }
        }
    }

    /// <summary>Bytes of a tensor where they are mapped, without a copy. The span must not be used after <see cref="Dispose"/>.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes lie outside the tensor, or the tensor outside the file.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public unsafe ReadOnlySpan<byte> GetTensorData(GgufTensor tensor, long offset, int length)
    {
        CheckRange(tensor, offset, length);
        ObjectDisposedException.ThrowIf(_memory.IsClosed, this);
        return new ReadOnlySpan<byte>(_memory.Pointer + tensor.Offset + offset, length);
    }

    /// <summary>Unmaps the file, or lets the memory go. May be called more than once.</summary>
    public void Dispose() => _memory.Dispose();

    private static GgufFile Own(GgufMemory memory, string path)
    {
        try
        {
            return new GgufFile(memory, path);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    // A tensor record can come from another file or from the caller, so its own range is checked as well.
    private void CheckRange(GgufTensor tensor, long offset, int length)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (tensor.Offset < 0 || tensor.ByteSize < 0 || tensor.Offset > FileSize || tensor.ByteSize > FileSize - tensor.Offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(tensor), $"{tensor} of {tensor.ByteSize} bytes at {tensor.Offset} lies outside the file of {FileSize} bytes");
        }

        if (offset > tensor.ByteSize || length > tensor.ByteSize - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at {offset} lie outside {tensor} of {tensor.ByteSize} bytes");
        }
    }
}

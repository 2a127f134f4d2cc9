using Microsoft.Win32.SafeHandles;

namespace VkInfer.Formats;

/// <summary>
/// The bytes of an open file, or of one that is in memory, by position. Thread-safe; a read that meets <see cref="Dispose"/> throws.
/// Files are read, not mapped: one that is shortened meanwhile is an exception, where touching a mapped page that has gone ends the
/// process.
/// </summary>
internal sealed class FileBytes : IDisposable
{
    private readonly SafeFileHandle? _file;
    private readonly ReadOnlyMemory<byte> _memory;
    private volatile bool _isDisposed;

    private FileBytes(string name, SafeFileHandle? file, ReadOnlyMemory<byte> memory, long length)
    {
        Name = name;
        _file = file;
        _memory = memory;
        Length = length;
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a file after a look at what it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it should be, e.g. <c>a GGUF file</c>, for messages.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ModelFormatException">It is a directory, a device or pipe, or empty.</exception>
    public static FileBytes Open(string path, string kind)
    {
        if (Directory.Exists(path))
        {
            throw new ModelFormatException(path, null, "is a directory", kind);
        }

        if (RegularFile.FindLength(path) == 0)
        {
            throw Empty(path, kind);
        }

        SafeFileHandle file = RegularFile.OpenRead(path, FileOptions.RandomAccess);
        try
        {
            long length = RandomAccess.GetLength(file);
            return length > 0 ? new FileBytes(path, file, default, length) : throw Empty(path, kind);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes a file that is in memory, which must not change.</summary>
    public static FileBytes Of(ReadOnlyMemory<byte> memory, string name, string kind) =>
        memory.IsEmpty ? throw Empty(name, kind) : new(name, null, memory, memory.Length);

    /// <summary>Fills the destination with the bytes from a position on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes lie beyond <see cref="Length"/>.</exception>
    /// <exception cref="IOException">The file was shortened since it was opened, or the system cannot read it.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public void Read(long position, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(IWeightSource));
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Length - destination.Length);
        if (_file is null)
        {
            _memory.Span.Slice((int)position, destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(_file, destination, position);
            if (read == 0)
            {
                throw new EndOfStreamException($"{Name}: ends at byte {position} now; it had {Length} bytes when it was opened");
            }

            position += read;
            destination = destination[read..];
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        _file?.Dispose();
    }

    private static ModelFormatException Empty(string path, string kind) => new(path, 0, "the file is empty", kind, "0 bytes");
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace VkInfer.Formats;

/// <summary>
/// Reads forward through the header; every read is checked against the end of the file, and against the longest header there may be,
/// before it happens.
/// </summary>
internal sealed class GgufCursor(FileBytes file, string path)
{
    private const int WindowBytes = 1 << 16;

    private readonly byte[] _window = new byte[(int)Math.Min(WindowBytes, file.Length)];
    private long _windowStart;
    private int _windowLength;
    private long _nestedArrays;

    public long Position { get; private set; }

    public long Length => file.Length;

    public long Remaining => file.Length - Position;

    /// <summary>What is being read, for messages: null, or words such as <c>metadata key</c> with <see cref="Subject"/>.</summary>
    public string? SubjectKind { get; set; }

    /// <summary>The name of what is being read; not yet fit for display.</summary>
    public string Subject { get; set; } = "";

    public T Read<T>(string what)
        where T : unmanaged
    {
        T value = MemoryMarshal.Read<T>(Window(Unsafe.SizeOf<T>(), what));
        Position += Unsafe.SizeOf<T>();
        return value;
    }

    /// <summary>Copies as many bytes as the destination is long.</summary>
    public void ReadBytes(Span<byte> destination, string what)
    {
        Require((ulong)destination.Length, what);
        if (destination.Length <= WindowBytes)
        {
            Window(destination.Length, what).CopyTo(destination);
        }
        else
        {
            file.Read(Position, destination);
        }

        Position += destination.Length;
    }

    /// <summary>The next bytes in a new array.</summary>
    public byte[] ReadBytes(ulong count, string what)
    {
        Require(count, what);
        byte[] bytes = count == 0 ? [] : GC.AllocateUninitializedArray<byte>((int)count);
        ReadBytes(bytes, what);
        return bytes;
    }

    public void Skip(ulong count, string what)
    {
        Require(count, what);
        Position += (long)count;
    }

    public void Rewind(long position) => Position = position;

    /// <summary>A name: not empty, not too long, valid UTF-8 without control characters.</summary>
    public string ReadName(int maxBytes, string what)
    {
        long position = Position;
        ulong count = Read<ulong>(what);
        if (count == 0)
        {
            throw Error($"{what} is empty", at: position);
        }

        if (count > (ulong)maxBytes)
        {
            throw Error($"{what} of {count} bytes is too long", $"at most {maxBytes} bytes", at: position);
        }

        byte[] bytes = ReadBytes(count, what);
        if (!Utf8.IsValid(bytes))
        {
            throw Error($"{what} {DisplayText.Quote(bytes)} is not valid UTF-8", at: position);
        }

        string name = System.Text.Encoding.UTF8.GetString(bytes);
        foreach (char character in name)
        {
            if (char.IsControl(character))
            {
                throw Error($"{what} {DisplayText.Quote(name)} holds control characters", at: position);
            }
        }

        return name;
    }

    /// <summary>Refuses a count that the rest of the file cannot hold, before anything is allocated for it.</summary>
    /// <returns>The count, at most <see cref="Array.MaxLength"/>.</returns>
    public int CheckCount(ulong count, int minBytesEach, int limit, string what, long position)
    {
        if (count > (ulong)(Remaining / minBytesEach))
        {
            throw Error($"{what} {count} exceeds what a file of {Length} bytes can hold", at: position);
        }

        if (count > (ulong)limit)
        {
            throw Error($"{what} {count} is too large", $"at most {limit}", at: position);
        }

        if (count > (ulong)(Math.Max(0, GgufLimits.MaxHeaderBytes - Position) / minBytesEach))
        {
            throw Error($"{what} {count} is too large", $"a header of at most {GgufLimits.MaxHeaderBytes} bytes", at: position);
        }

        return (int)count;
    }

    /// <summary>Refuses more arrays within arrays than there may be.</summary>
    public void CountNestedArrays(int count, long position)
    {
        _nestedArrays += count;
        if (_nestedArrays > GgufLimits.MaxNestedArrays)
        {
            throw Error($"{_nestedArrays} arrays lie within arrays", $"at most {GgufLimits.MaxNestedArrays}", at: position);
        }
    }

    public ModelFormatException Error(string what, string? expected = null, string? got = null, long? at = null)
    {
        string subject = SubjectKind is null ? what : $"{what} ({SubjectKind} {DisplayText.Quote(Subject)})";
        return new ModelFormatException(path, at ?? Position, subject, expected, got);
    }

    private void Require(ulong count, string what)
    {
        if (count > (ulong)Remaining)
        {
            throw Error($"the file ends within {what}", $"{count} more bytes", $"{Remaining}");
        }

        if (count > (ulong)Math.Max(0, GgufLimits.MaxHeaderBytes - Position))
        {
            throw Error($"the header is too long: {what} of {count} bytes", $"a header of at most {GgufLimits.MaxHeaderBytes} bytes");
        }
    }

    /// <summary>The next bytes, without moving on; valid until the next call.</summary>
    private ReadOnlySpan<byte> Window(int count, string what)
    {
        Require((ulong)count, what);
        long at = Position - _windowStart;
        if (at < 0 || at + count > _windowLength)
        {
            // Nothing counts as read until it is: reading may throw.
            _windowLength = 0;
            int length = (int)Math.Min(_window.Length, Remaining);
            file.Read(Position, _window.AsSpan(0, length));
            (_windowStart, _windowLength, at) = (Position, length, 0);
        }

        return _window.AsSpan((int)at, count);
    }
}

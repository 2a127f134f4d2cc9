using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace VkInfer.Formats;

/// <summary>Reads forward through the header; every read is checked against the end of the file before it happens.</summary>
internal sealed unsafe class GgufCursor(byte* start, long length, string path)
{
    public long Position { get; private set; }

    public long Length => length;

    public long Remaining => length - Position;

    /// <summary>What is being read, for messages: null, or words such as <c>metadata key</c> with <see cref="Subject"/>.</summary>
    public string? SubjectKind { get; set; }

    /// <summary>The name of what is being read; not yet fit for display.</summary>
    public string Subject { get; set; } = "";

    public T Read<T>(string what)
        where T : unmanaged
    {
        Require((ulong)sizeof(T), what);
        var value = Unsafe.ReadUnaligned<T>(start + Position);
        Position += sizeof(T);
        return value;
    }

    /// <summary>A slice of the file; valid while the memory is.</summary>
    public ReadOnlySpan<byte> ReadBytes(ulong count, string what)
    {
        Require(count, what);
        if (count > (ulong)Array.MaxLength)
        {
            throw Error($"{what} of {count} bytes exceeds {Array.MaxLength} bytes");
        }

        var bytes = new ReadOnlySpan<byte>(start + Position, (int)count);
        Position += (long)count;
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
        var position = Position;
        var count = Read<ulong>(what);
        if (count == 0)
        {
            throw Error($"{what} is empty", at: position);
        }

        if (count > (ulong)maxBytes)
        {
            throw Error($"{what} of {count} bytes is too long", $"at most {maxBytes} bytes", at: position);
        }

        var bytes = ReadBytes(count, what);
        if (!Utf8.IsValid(bytes))
        {
            throw Error($"{what} {DisplayText.Quote(bytes)} is not valid UTF-8", at: position);
        }

        var name = System.Text.Encoding.UTF8.GetString(bytes);
        foreach (var character in name)
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
            throw Error($"{what} {count} exceeds what a file of {length} bytes can hold", at: position);
        }

        if (count > (ulong)limit)
        {
            throw Error($"{what} {count} is too large", $"at most {limit}", at: position);
        }

        return (int)count;
    }

    public ModelFormatException Error(string what, string? expected = null, string? got = null, long? at = null)
    {
        var subject = SubjectKind is null ? what : $"{what} ({SubjectKind} {DisplayText.Quote(Subject)})";
        return new ModelFormatException(path, at ?? Position, subject, expected, got);
    }

    private void Require(ulong count, string what)
    {
        if (count > (ulong)Remaining)
        {
            throw Error($"the file ends within {what}", $"{count} more bytes", $"{Remaining}");
        }
    }
}

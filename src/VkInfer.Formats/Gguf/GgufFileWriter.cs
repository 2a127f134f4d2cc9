using System.Collections.Immutable;
using System.Text;

namespace VkInfer.Formats;

/// <summary>
/// Writes a GGUF file of version 3: first everything is announced, then <see cref="Write"/> writes it in one pass. Not thread-safe.
/// </summary>
public sealed class GgufFileWriter
{
    private const uint Magic = 0x46554747;
    private const uint Version = 3;
    private const int Alignment = GgufLimits.DefaultAlignment;

    private readonly OrderedDictionary<string, GgufValue> _metadata = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, (GgufTensor Tensor, Action<Stream> Write)> _tensors = new(StringComparer.Ordinal);
    private long _dataBytes;

    /// <summary>Bytes of all tensors announced so far, padding included.</summary>
    public long DataBytes => _dataBytes;

    /// <summary>Sets a metadata key; the last value counts, and the first time decides on its place.</summary>
    public void Set(string key, GgufValue value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        _metadata[key] = value;
    }

    /// <summary>Announces a tensor.</summary>
    /// <param name="name">Its name, which no other has.</param>
    /// <param name="type">How its elements are stored.</param>
    /// <param name="dimensions">Sizes, the contiguous one first; rows are whole blocks.</param>
    /// <param name="write">Writes the bytes, exactly as many as type and sizes need.</param>
    /// <exception cref="ArgumentException">There is one of that name, or an argument is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Rows are no whole blocks.</exception>
    public void AddTensor(string name, GgufTensorType type, ImmutableArray<long> dimensions, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(write);
        if (dimensions.IsDefaultOrEmpty)
        {
            throw new ArgumentException("A tensor has one dimension at least.", nameof(dimensions));
        }

        var tensor = new GgufTensor(name, type, dimensions, _dataBytes, 0);
        tensor = tensor with { ByteSize = checked(tensor.RowBytes * tensor.Rows) };
        _tensors.Add(name, (tensor, write));
        _dataBytes = Aligned(checked(_dataBytes + tensor.ByteSize));
    }

    /// <summary>Writes the file.</summary>
    /// <param name="stream">Receives it; stays open and is the caller's.</param>
    /// <exception cref="InvalidOperationException">A tensor's bytes are not as many as were announced.</exception>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach ((string key, GgufValue value) in _metadata)
        {
            WriteText(writer, Encoding.UTF8.GetBytes(key));
            writer.Write((uint)value.Type);
            WriteValue(writer, value);
        }

        foreach ((string name, (GgufTensor tensor, Action<Stream> _)) in _tensors)
        {
            WriteText(writer, Encoding.UTF8.GetBytes(name));
            writer.Write((uint)tensor.Dimensions.Length);
            foreach (long dimension in tensor.Dimensions)
            {
                writer.Write((ulong)dimension);
            }

            writer.Write((uint)tensor.Type);
            writer.Write((ulong)tensor.Offset);
        }

        writer.Flush();
        Pad(stream);
        foreach ((GgufTensor tensor, Action<Stream> write) in _tensors.Values)
        {
            long start = stream.Position;
            write(stream);
            if (stream.Position - start != tensor.ByteSize)
            {
                throw new InvalidOperationException($"{tensor}: {stream.Position - start} bytes were written; expected {tensor.ByteSize}");
            }

            Pad(stream);
        }
    }

    private static void WriteValue(BinaryWriter writer, GgufValue value)
    {
        if (value.IsArray)
        {
            writer.Write((uint)value.ElementType);
            writer.Write((ulong)value.Count);
            for (int i = 0; i < value.Count; i++)
            {
                WriteValue(writer, value.GetElement(i));
            }

            return;
        }

        if (value.TryGetBytes(out ReadOnlyMemory<byte> text))
        {
            WriteText(writer, text.Span);
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BitConverter.TryWriteBytes(bytes, value.Bits);
        writer.Write(bytes[..SizeOf(value.Type)]);
    }

    private static void WriteText(BinaryWriter writer, ReadOnlySpan<byte> text)
    {
        writer.Write((ulong)text.Length);
        writer.Write(text);
    }

    private static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void Pad(Stream stream) =>
        stream.Write(new byte[Alignment].AsSpan(0, (int)(Aligned(stream.Position) - stream.Position)));
}

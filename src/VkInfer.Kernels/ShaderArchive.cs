using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;

namespace VkInfer.Kernels;

/// <summary>
/// The embedded archive of shaders (tools/VkInfer.ShaderArchive says how it is laid out). A group is unpacked when one of its variants is
/// first asked for, and kept: who needs one of a weight format needs others. Thread-safe.
/// </summary>
internal sealed class ShaderArchive
{
    private const string Resource = "shaders/archive.bin";
    private const int HashBytes = 16;

    private readonly Lazy<byte[]>[] _groups;

    private ShaderArchive(Lazy<byte[]>[] groups, Dictionary<string, Entry> entries)
    {
        _groups = groups;
        Entries = entries;
    }

    /// <summary>The variants by their names.</summary>
    public IReadOnlyDictionary<string, Entry> Entries { get; }

    /// <summary>Reads what the archive has; unpacks nothing.</summary>
    public static ShaderArchive Open()
    {
        using Stream stream = OpenResource();
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        var groups = new Group[reader.ReadInt32()];
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        for (int group = 0; group < groups.Length; group++)
        {
            (int compressed, int packed, int variants, int length) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), 0);
            for (int i = 0; i < variants; i++)
            {
                string name = reader.ReadString();
                int bytes = reader.ReadInt32();
                entries.Add(name, new Entry(group, length, bytes, reader.ReadBytes(HashBytes)));
                length += bytes;
            }

            groups[group] = new Group(0, compressed, packed, length);
        }

        long offset = stream.Position;
        var unpacked = new Lazy<byte[]>[groups.Length];
        for (int group = 0; group < groups.Length; group++)
        {
            Group at = groups[group] with { Offset = offset };
            offset += at.CompressedBytes;
            unpacked[group] = new Lazy<byte[]>(() => Unpack(at));
        }

        return new ShaderArchive(unpacked, entries);
    }

    /// <summary>The SPIR-V of a variant.</summary>
    public ReadOnlyMemory<byte> Read(Entry entry) => _groups[entry.Group].Value.AsMemory(entry.Offset, entry.Bytes);

    private static byte[] Unpack(Group group)
    {
        byte[] compressed = new byte[group.CompressedBytes];
        using (Stream stream = OpenResource())
        {
            stream.Position = group.Offset;
            stream.ReadExactly(compressed);
        }

        byte[] packed = new byte[group.PackedBytes];
        return BrotliDecoder.TryDecompress(compressed, packed, out int length) && length == packed.Length
            ? Words(packed, group.Bytes)
            : throw new InvalidDataException("The embedded shaders are damaged.");
    }

    /// <summary>Makes words of integers of 1 to 5 bytes.</summary>
    // A few calls of a million turns each: it would end before it was optimised.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte[] Words(ReadOnlySpan<byte> packed, int bytes)
    {
        byte[] words = new byte[bytes];
        int at = 0;
        for (Span<byte> rest = words; !rest.IsEmpty; rest = rest[sizeof(uint)..])
        {
            uint word = 0;
            byte next;
            int shift = 0;
            do
            {
                next = packed[at++];
                word |= (next & 0x7Fu) << shift;
                shift += 7;
            }
            while (next >= 0x80);
            BinaryPrimitives.WriteUInt32LittleEndian(rest, word);
        }

        return words;
    }

    private static Stream OpenResource() => typeof(ShaderArchive).Assembly.GetManifestResourceStream(Resource)!;

    /// <summary>Where a variant stands.</summary>
    /// <param name="Group">Its group.</param>
    /// <param name="Offset">Of its first byte in the unpacked group.</param>
    /// <param name="Bytes">Its length.</param>
    /// <param name="Hash">The beginning of its SHA-256.</param>
    internal readonly record struct Entry(int Group, int Offset, int Bytes, byte[] Hash);

    private readonly record struct Group(long Offset, int CompressedBytes, int PackedBytes, int Bytes);
}

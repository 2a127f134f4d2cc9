using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace VkInfer.ShaderArchive;

/// <summary>A compiled shader.</summary>
/// <param name="Name">Its name in the table of variants.</param>
/// <param name="Group">Which others are needed where it is.</param>
/// <param name="Code">SPIR-V.</param>
internal sealed record Variant(string Name, string Group, byte[] Code);

/// <summary>
/// Writes the archive that <c>ShaderLibrary</c> reads. Little endian: the number of groups; for each group its compressed and its packed
/// length in bytes and the number of its variants; for each variant its name, its length in bytes, and the beginning of its SHA-256; then
/// the groups, compressed each by itself, so that a model's shaders are unpacked without all others.
/// </summary>
/// <remarks>
/// A group is the words of its variants as integers of 1 to 5 bytes, seven bits each, the lowest first: most words of SPIR-V are small.
/// That is half as much to decompress, which is what loading takes time for.
/// </remarks>
internal static class ArchiveWriter
{
    private const int HashBytes = 16;

    // Higher ones win 0.5 MB of 2.8, and take minutes.
    private const int Quality = 9;
    private const int WindowBits = 22;

    public static void Write(Stream output, IReadOnlyCollection<Variant> variants)
    {
        using var writer = new BinaryWriter(output, Encoding.UTF8, leaveOpen: true);
        Variant[][] groups = [
            .. variants.GroupBy(variant => variant.Group, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => group.OrderBy(variant => variant.Name, StringComparer.Ordinal).ToArray())];
        byte[][] packed = [.. groups.Select(group => Pack(group.Select(variant => variant.Code)))];
        byte[][] compressed = [.. packed.Select(Compress)];
        writer.Write(groups.Length);
        for (int i = 0; i < groups.Length; i++)
        {
            writer.Write(compressed[i].Length);
            writer.Write(packed[i].Length);
            writer.Write(groups[i].Length);
            foreach (Variant variant in groups[i])
            {
                writer.Write(variant.Name);
                writer.Write(variant.Code.Length);
                writer.Write(SHA256.HashData(variant.Code).AsSpan(0, HashBytes));
            }
        }

        foreach (byte[] group in compressed)
        {
            writer.Write(group);
        }
    }

    private static byte[] Pack(IEnumerable<byte[]> codes)
    {
        var packed = new MemoryStream();
        using var writer = new BinaryWriter(packed);
        foreach (byte[] code in codes)
        {
            for (int i = 0; i < code.Length; i += sizeof(uint))
            {
                writer.Write7BitEncodedInt(BitConverter.ToInt32(code, i));
            }
        }

        return packed.ToArray();
    }

    private static byte[] Compress(byte[] packed)
    {
        byte[] compressed = new byte[BrotliEncoder.GetMaxCompressedLength(packed.Length)];
        return BrotliEncoder.TryCompress(packed, compressed, out int length, Quality, WindowBits)
            ? compressed[..length]
            : throw new InvalidOperationException("A group of shaders could not be compressed.");
    }
}

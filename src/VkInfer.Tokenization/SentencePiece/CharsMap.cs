using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// A character map as SentencePiece compiles it: the length of a double-array trie, the trie as 32-bit units, then the replacements, each
/// ended by a zero byte. The longest match at each place is replaced. Source: SentencePiece, normalizer.cc, and darts.h for the units.
/// </summary>
internal sealed class CharsMap
{
    /// <summary>Longest key and replacement in bytes; SentencePiece's own maps have at most 33. It bounds what text can grow to.</summary>
    private const int MaxBytes = 256;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private CharsMap(uint[] units, byte[] replacements)
    {
        _units = units;
        _replacements = replacements;
    }

    /// <summary>Reads a compiled map; every index in it is checked where it is used.</summary>
    /// <exception cref="TokenizerException">The lengths in it do not fit.</exception>
    public static CharsMap Read(ReadOnlySpan<byte> bytes, string field)
    {
        uint size = bytes.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size % 4 != 0 || size == 0 || size > bytes.Length - 4)
        {
            throw new TokenizerException(
                field, "a trie that fits the map", size == uint.MaxValue ? "no length" : $"{size} of {bytes.Length} bytes");
        }

        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(4 + (4 * i), 4));
        }

        return new CharsMap(units, bytes[(4 + (int)size)..].ToArray());
    }

    /// <summary>Replaces what the map has, and keeps the rest.</summary>
    public string Apply(string text)
    {
        byte[] source = Encoding.UTF8.GetBytes(text);
        var result = new List<byte>(source.Length);
        for (int at = 0; at < source.Length;)
        {
            if (TryMatch(source.AsSpan(at), out int length, out ReadOnlySpan<byte> replacement))
            {
                result.AddRange(replacement);
                at += length;
                continue;
            }

            _ = Rune.DecodeFromUtf8(source.AsSpan(at), out _, out length);
            result.AddRange(source.AsSpan(at, length));
            at += length;
        }

        return Encoding.UTF8.GetString([.. result]);
    }

    /// <summary>
    /// As tokenizers applies a map, which differs from SentencePiece: a grapheme cluster of up to five bytes, else each character, is
    /// replaced as a whole where the map has a beginning of it, by what the shortest beginning becomes.
    /// </summary>
    public string ApplyByCluster(string text)
    {
        const int MaxCluster = 5;
        var result = new List<byte>(text.Length);
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = StringInfo.GetNextTextElementLength(text, at);
            byte[] cluster = Encoding.UTF8.GetBytes(text, at, length);
            if (cluster.Length <= MaxCluster && TryMatch(cluster, out _, out ReadOnlySpan<byte> whole, takesShortest: true))
            {
                result.AddRange(whole);
                continue;
            }

            foreach (Rune rune in text.AsSpan(at, length).EnumerateRunes())
            {
                byte[] character = Encoding.UTF8.GetBytes(rune.ToString());
                result.AddRange(TryMatch(character, out _, out ReadOnlySpan<byte> one, takesShortest: true) ? one : character);
            }
        }

        return Encoding.UTF8.GetString([.. result]);
    }

    private bool TryMatch(
        ReadOnlySpan<byte> text, out int length, out ReadOnlySpan<byte> replacement, bool takesShortest = false)
    {
        length = 0;
        replacement = default;
        uint node = 0;
        uint unit = _units[0];
        for (int i = 0; i < Math.Min(text.Length, MaxBytes); i++)
        {
            node ^= Offset(unit) ^ text[i];
            if (node >= _units.Length || Label(_units[node]) != text[i])
            {
                break;
            }

            unit = _units[node];
            uint leaf = node ^ Offset(unit);
            if (HasLeaf(unit) && leaf < _units.Length && Value(_units[leaf]) is var start && start < _replacements.Length)
            {
                Span<byte> rest = _replacements.AsSpan((int)start, Math.Min(MaxBytes, _replacements.Length - (int)start));
                int end = rest.IndexOf((byte)0);
                if (end >= 0)
                {
                    length = i + 1;
                    replacement = rest[..end];
                    if (takesShortest)
                    {
                        break;
                    }
                }
            }
        }

        return length > 0;
    }

    private static bool HasLeaf(uint unit) => ((unit >> 8) & 1) == 1;

    private static uint Value(uint unit) => unit & 0x7FFF_FFFF;

    private static uint Label(uint unit) => unit & 0x8000_00FF;

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}

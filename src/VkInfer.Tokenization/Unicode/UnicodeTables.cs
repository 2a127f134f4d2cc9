using System.IO.Compression;

namespace VkInfer.Tokenization;

/// <summary>
/// The tables behind <see cref="UnicodeForms"/>, as tools/unicode/make-tables.py writes and describes them; read at first use.
/// </summary>
internal static class UnicodeTables
{
    private static readonly Dictionary<int, int[]> Canonical = [];
    private static readonly Dictionary<int, int[]> Compatible = [];
    private static readonly Dictionary<(int First, int Second), int> Composites = [];
    private static readonly Dictionary<int, byte> Classes = [];

    static UnicodeTables()
    {
        using Stream resource = typeof(UnicodeTables).Assembly.GetManifestResourceStream("unicode/normalization.bin")!;
        using var reader = new BinaryReader(new DeflateStream(resource, CompressionMode.Decompress));
        ReadDecompositions(reader, Canonical);
        ReadDecompositions(reader, Compatible);
        for (int count = reader.ReadUInt16(); count > 0; count--)
        {
            Composites.Add((ReadPoint(reader), ReadPoint(reader)), ReadPoint(reader));
        }

        for (int count = reader.ReadUInt16(); count > 0; count--)
        {
            (int first, int last, byte kind) = (ReadPoint(reader), ReadPoint(reader), reader.ReadByte());
            for (int point = first; point <= last; point++)
            {
                Classes.Add(point, kind);
            }
        }
    }

    /// <summary>The full decomposition of a code point; null where it has none.</summary>
    public static int[]? Decomposition(int point, bool isCompatible) =>
        isCompatible && Compatible.TryGetValue(point, out int[]? parts) ? parts : Canonical.GetValueOrDefault(point);

    /// <summary>The code point that two become; null where they stay apart.</summary>
    public static int? Composite(int first, int second) => Composites.TryGetValue((first, second), out int composite) ? composite : null;

    /// <summary>The canonical combining class; 0 for all that are no marks.</summary>
    public static byte CombiningClass(int point) => Classes.GetValueOrDefault(point);

    private static void ReadDecompositions(BinaryReader reader, Dictionary<int, int[]> table)
    {
        for (int count = reader.ReadUInt16(); count > 0; count--)
        {
            int point = ReadPoint(reader);
            int[] parts = new int[reader.ReadByte()];
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = ReadPoint(reader);
            }

            table.Add(point, parts);
        }
    }

    private static int ReadPoint(BinaryReader reader) => reader.ReadByte() | (reader.ReadByte() << 8) | (reader.ReadByte() << 16);
}

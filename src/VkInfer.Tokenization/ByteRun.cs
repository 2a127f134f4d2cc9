using System.Runtime.InteropServices;

namespace VkInfer.Tokenization;

/// <summary>Byte tokens behind one another, which become text together.</summary>
internal sealed class ByteRun
{
    /// <summary>The bytes that have not become text yet.</summary>
    public List<byte> Bytes { get; } = [];

    /// <summary>The text in UTF-8, of the last token or of the end of the run.</summary>
    public List<byte> Text { get; } = [];

    /// <summary>Whether the run began where the text did.</summary>
    public bool IsFirst { get; set; }

    /// <summary>For each token the byte that it is, or -1; null where no token is a byte.</summary>
    public static short[]? Table(int count, Func<int, byte?> find)
    {
        short[]? table = null;
        for (int id = 0; id < count; id++)
        {
            if (find(id) is not { } value)
            {
                continue;
            }

            if (table is null)
            {
                table = new short[count];
                Array.Fill(table, (short)-1);
            }

            table[id] = value;
        }

        return table;
    }

    /// <summary>The bytes as a span, valid until they change.</summary>
    public ReadOnlySpan<byte> BytesSpan() => CollectionsMarshal.AsSpan(Bytes);

    /// <summary>The text as a span, valid until it changes.</summary>
    public ReadOnlySpan<byte> TextSpan() => CollectionsMarshal.AsSpan(Text);
}

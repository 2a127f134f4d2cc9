using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// GPT-2's printable alphabet for bytes: a byte that is a printable Latin-1 character stands for itself, the others are
/// U+0100, U+0101, ... in order. Source: the GPT-2 release, encoder.py.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] Chars = BuildChars();
    private static readonly short[] Values = BuildValues();

    public static char ToChar(byte value) => Chars[value];

    /// <summary>The UTF-8 bytes of a text, each as its character.</summary>
    public static string Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return string.Create(bytes.Length, bytes, (chars, source) =>
        {
            for (int i = 0; i < chars.Length; i++)
            {
                chars[i] = Chars[source[i]];
            }
        });
    }

    public static bool TryToByte(char c, out byte value)
    {
        short known = c < Values.Length ? Values[c] : (short)-1;
        value = (byte)known;
        return known >= 0;
    }

    /// <summary>Appends the bytes that a text in this alphabet stands for; false, and nothing, where it has other characters.</summary>
    public static bool TryDecode(string text, List<byte> bytes)
    {
        int start = bytes.Count;
        foreach (char c in text)
        {
            if (!TryToByte(c, out byte value))
            {
                bytes.RemoveRange(start, bytes.Count - start);
                return false;
            }

            bytes.Add(value);
        }

        return true;
    }

    private static char[] BuildChars()
    {
        char[] chars = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            chars[value] = (char)(isPrintable ? value : next++);
        }

        return chars;
    }

    private static short[] BuildValues()
    {
        short[] values = new short[Chars.Max() + 1];
        Array.Fill(values, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            values[Chars[value]] = (short)value;
        }

        return values;
    }
}

namespace VkInfer.Tokenization.Tests;

/// <summary>Small random changes of a valid file.</summary>
internal static class Mutation
{
    /// <summary>One to three changes: a byte, a bit, a piece taken out, doubled or cut off, an extreme number.</summary>
    public static byte[] OfBytes(byte[] original, Random random)
    {
        List<byte> bytes = original.ToList();
        for (int steps = 1 + random.Next(3); steps > 0 && bytes.Count > 0; steps--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 16), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
                    break;
                case 5:
                    bytes[at] = 0xFF;
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 0);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>One to three changes of a text: a character, one of the splices put in, a piece taken out or doubled.</summary>
    public static string OfText(string original, IReadOnlyList<string> splices, Random random)
    {
        string text = original;
        for (int steps = 1 + random.Next(3); steps > 0 && text.Length > 0; steps--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 24), text.Length - at);
            text = random.Next(5) switch
            {
                0 => $"{text[..at]}{(char)random.Next(32, 127)}{text[(at + 1)..]}",
                1 => text.Remove(at, length),
                2 => text.Insert(at, text.Substring(at, length)),
                3 => text.Insert(at, splices[random.Next(splices.Count)]),
                _ => Swap(text, splices, random),
            };
        }

        return text;
    }

    /// <summary>Replaces one value by a splice, so that the text mostly stays JSON.</summary>
    private static string Swap(string text, IReadOnlyList<string> splices, Random random)
    {
        int start = text.IndexOf(':', random.Next(text.Length));
        int end = start < 0 ? -1 : text.IndexOfAny([',', '}', ']'], start);
        return end < 0 ? text : text[..(start + 1)] + splices[random.Next(splices.Count)] + text[end..];
    }
}

using System.Text;

namespace VkInfer.Tokenization.Tests;

/// <summary>Small vocabularies made in place, valid as they are, for tests that change one thing.</summary>
internal static class TinyVocabulary
{
    public const int Bos = 1;
    public const int Eos = 2;
    public const int Start = 3;
    public const int End = 4;
    public const int Tool = 5;
    public const int FirstByte = 6;

    /// <summary>SentencePiece: &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, the ChatML markers, one user-defined token, 256 bytes, pieces.</summary>
    public static TokenizerData Llama { get; } = MakeLlama();

    /// <summary>Byte-level: the 256 bytes, two merged tokens, the ChatML markers and one user-defined token.</summary>
    public static TokenizerData Gpt2 { get; } = MakeGpt2();

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static TokenizerData WithToken(this TokenizerData data, int id, string text) =>
        data with { Tokens = [.. data.Tokens.Select((token, i) => i == id ? Utf8(text) : token)] };

    private static TokenizerData MakeLlama()
    {
        var tokens = new List<(string Text, int Type)>
        {
            ("<unk>", 2), ("<s>", 3), ("</s>", 3), ("<|im_start|>", 3), ("<|im_end|>", 3), ("<tool>", 4),
        };
        tokens.AddRange(Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", 6)));

        // every step to "</s>" and "<|im_end|>" is a piece, so that only the tokenizer's care prevents the control token
        string[] pieces =
        [
            "▁", "a", "b", "<", "/", "s", ">", "|", "im", "_", "i", "m", "e", "n", "d", "end", "en", "</", "</s", "<|", "|>", "<|im",
            "<|im_", "<|im_end", "aa", "▁a", "▁▁", "é",
        ];
        tokens.AddRange(pieces.Select(piece => (piece, 1)));
        return new TokenizerData
        {
            Model = "llama",
            Tokens = [.. tokens.Select(token => Utf8(token.Text))],
            TokenTypes = [.. tokens.Select(token => token.Type)],
            Scores = [.. tokens.Select((_, id) => -(float)id)],
            BosTokenId = Bos,
            EosTokenId = Eos,
            UnknownTokenId = 0,
        };
    }

    private static TokenizerData MakeGpt2()
    {
        var tokens = Enumerable.Range(0, 256).Select(value => (ByteLevelAlphabet.ToChar((byte)value).ToString(), 1)).ToList();
        tokens.AddRange([("aa", 1), ("aaaa", 1), ("Ġa", 1), ("<|endoftext|>", 3), ("<|im_start|>", 3), ("<|im_end|>", 3), ("<tool>", 4)]);
        return new TokenizerData
        {
            Model = "gpt2",
            PreTokenizer = "gpt-2",
            Tokens = [.. tokens.Select(token => Utf8(token.Item1))],
            TokenTypes = [.. tokens.Select(token => token.Item2)],
            Merges = ["a a", "aa aa", "Ġ a"],
            EosTokenId = 259,
        };
    }
}

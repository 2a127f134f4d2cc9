using System.Text;
using VkInfer.Grammar.Tokens;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Answers;

/// <summary>A vocabulary of the 256 bytes, some control tokens, and an end of text.</summary>
internal static class ByteTokenizer
{
    private const string End = "<end-of-text>";

    /// <summary>Makes one.</summary>
    public static Tokenizer Of(params string[] controls)
    {
        string[] texts = [.. Enumerable.Range(0, 256).Select(Spelled), .. controls, End];
        return Tokenizer.Create(new TokenizerData
        {
            Model = "gpt2",
            PreTokenizer = "gpt-2",
            Tokens = [.. texts.Select(Encoding.UTF8.GetBytes)],
            TokenTypes = [.. texts.Select((_, id) => id < 256 ? 1 : 3)],
            Merges = [],
            EosTokenId = texts.Length - 1,
        });
    }

    /// <summary>The vocabulary as grammars take it.</summary>
    public static TokenTrie TrieOf(Tokenizer tokenizer) => new(
        [.. Enumerable.Range(0, tokenizer.VocabSize).Select(id => id < 256 ? new ReadOnlyMemory<byte>([(byte)id]) : default)],
        [tokenizer.EosTokenId!.Value],
        Enumerable.Range(256, tokenizer.VocabSize - 257)
            .Select(id => KeyValuePair.Create(id, Encoding.UTF8.GetString(tokenizer.GetTokenBytes(id)))));

    // As byte-level vocabularies spell bytes: those without a printable character are moved up (GPT-2).
    private static string Spelled(int value)
    {
        bool IsPrintable(int v) => v is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return IsPrintable(value)
            ? ((char)value).ToString()
            : ((char)(256 + Enumerable.Range(0, value).Count(other => !IsPrintable(other)))).ToString();
    }
}

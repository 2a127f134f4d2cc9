using System.Text;
using VkInfer.Grammar;
using VkInfer.Grammar.Tokens;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Engine;

/// <summary>
/// A tokenizer for the tokens of <see cref="SimulatedDevice"/>: a character each, but one of two bytes, and an end of text.
/// </summary>
internal static class LetterTokenizer
{
    public const int EndOfText = SimulatedDevice.Vocabulary - 1;

    // As byte-level vocabularies spell bytes: Ġ is a space, Ã and © are the bytes of é.
    private static readonly string[] Texts = [.. "abcdefghijklmnopqrstuvwxyz0123456789ĠÃ©ABCDEFGHIJ".Select(c => c.ToString()), "<end>"];

    public static Tokenizer Instance { get; } = Tokenizer.Create(new TokenizerData
    {
        Model = "gpt2",
        PreTokenizer = "gpt-2",
        Tokens = [.. Texts.Select(Encoding.UTF8.GetBytes)],
        TokenTypes = [.. Texts.Select((_, id) => id == EndOfText ? 3 : 1)],
        Merges = [],
        EosTokenId = EndOfText,
    });

    public static int[] Encode(string text) => Instance.Encode(text, addSpecial: false);

    public static GrammarMatcher Match(string gbnf, bool allowEnd = true)
    {
        ReadOnlyMemory<byte>[] tokens =
            [.. Enumerable.Range(0, EndOfText).Select(id => (ReadOnlyMemory<byte>)Instance.GetTokenBytes(id).ToArray()), default];
        return new GrammarMatcher(new TokenMasks(Gbnf.Compile(gbnf), new TokenTrie(tokens, [EndOfText])), allowEnd);
    }
}

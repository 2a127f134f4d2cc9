using System.Text;
using CsCheck;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>The unigram model against all ways there are to cut a text, and what it does where it has no piece.</summary>
public sealed class UnigramTests
{
    private static readonly string[] Pieces = ["<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "ba", "▁a", "aba", "▁ab", "bb", "🦙"];
    private static readonly float[] Scores = [0, 0, 0, -3.5f, -2.25f, -2.5f, -4.125f, -4.75f, -3.0625f, -6.5f, -6.03125f, -5.5f, -9];

    private static TokenizerData Data { get; } = new()
    {
        Model = "t5",
        Tokens = [.. Pieces.Select(Encoding.UTF8.GetBytes)],
        Scores = Scores,
        TokenTypes = [2, 3, 3, .. Enumerable.Repeat(1, Pieces.Length - 3)],
        BosTokenId = 1,
        EosTokenId = 2,
        UnknownTokenId = 0,
        RemoveExtraWhitespaces = false,
    };

    [Test]
    public void No_other_way_scores_higher()
    {
        var tokenizer = Tokenizer.Create(Data with { AddSpacePrefix = false });
        Gen.Char["ab "].Array[1, 14].Select(chars => new string(chars)).Check(
            2000,
            text =>
            {
                int[] ids = tokenizer.Encode(text, addSpecial: false);
                double score = ids.Sum(id => (double)Scores[id]);
                return tokenizer.Decode(ids) == text && Math.Abs(score - Best(text.Replace(' ', '▁'))) < 1e-9;
            });
    }

    [Test]
    public void A_run_without_pieces_is_one_unknown_token()
    {
        int[] ids = Tokenizer.Create(Data).Encode("a xyz🦙x b", addSpecial: false);
        Assert.That(ids, Is.EqualTo(new[] { 8, 3, 0, 12, 0, 3, 5 }));
    }

    [Test]
    public void Bytes_stand_in_where_the_vocabulary_has_them()
    {
        byte[][] bytes = [.. Enumerable.Range(0, 256).Select(value => Encoding.UTF8.GetBytes($"<0x{value:X2}>"))];
        var tokenizer = Tokenizer.Create(Data with
        {
            Tokens = [.. Data.Tokens, .. bytes],
            Scores = [.. Scores, .. new float[256]],
            TokenTypes = [.. Data.TokenTypes!, .. Enumerable.Repeat(6, 256)],
        });
        int[] ids = tokenizer.Encode("aé", addSpecial: false);
        Assert.That(ids, Is.EqualTo(new[] { 8, Pieces.Length + 0xC3, Pieces.Length + 0xA9 }));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("aé"));
    }

    [Test]
    public void Extra_spaces_go_by_default_and_eos_comes_where_asked()
    {
        var tokenizer = Tokenizer.Create(Data with { RemoveExtraWhitespaces = null, AddEos = true });
        Assert.That(tokenizer.Encode("  a   b "), Is.EqualTo(new[] { 8, 3, 5, 2 }));
    }

    [Test]
    public void A_piece_without_end_is_refused() => Assert.That(
        () => Tokenizer.Create(Data.WithToken(4, new string('x', 2000))),
        Throws.InstanceOf<TokenizerException>().With.Property("Field").EqualTo("Tokens[4]"));

    [Test]
    public void Tok512_as_unigram_decodes_to_the_text()
    {
        TokenizerData data = SentencePieceModel.Read(File.ReadAllBytes(ReferenceData.Find("models", "hf-stories260K", "tokenizer.model")));
        var tokenizer = Tokenizer.Create(data with { Model = "t5" });
        foreach ((string? text, int[] _, string? _) in TokenizerGoldens.Read("tok512.json"))
        {
            Assert.That(tokenizer.Decode(tokenizer.Encode(text, addSpecial: false)), Is.EqualTo(text));
        }
    }

    private static double Best(string text) => text.Length == 0 ? 0 : Enumerable.Range(3, Pieces.Length - 3)
        .Where(id => text.StartsWith(Pieces[id], StringComparison.Ordinal))
        .Max(id => Scores[id] + Best(text[Pieces[id].Length..]));
}

using System.Diagnostics;
using System.Text;

namespace VkInfer.Tokenization.Tests;

/// <summary>Reading <c>tokenizer.model</c>: what it says, and what becomes of a stranger's.</summary>
public sealed class SentencePieceModelTests
{
    [Test]
    public void A_model_says_its_kind_its_pieces_and_its_rules()
    {
        TokenizerData data = SentencePieceModel.Read(Seed(modelType: 1));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(
            (data.Model, data.BosTokenId, data.EosTokenId, data.UnknownTokenId, data.PaddingTokenId),
            Is.EqualTo(("t5", (int?)1, (int?)2, (int?)0, (int?)null)));
        Assert.That(data.Tokens.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "<unk>", "<s>", "</s>", "▁a", "b" }));
        Assert.That(data.TokenTypes, Is.EqualTo(new[] { 2, 3, 3, 1, 1 }));
        Assert.That(data.Scores, Is.EqualTo(new[] { 0, 0, 0, -1.5f, -2.5f }));
        Assert.That((data.AddSpacePrefix, data.RemoveExtraWhitespaces), Is.EqualTo(((bool?)true, (bool?)false)));
        Assert.That(SentencePieceModel.Read(Seed(modelType: 2)).Model, Is.EqualTo("llama"));
        Assert.That(
            () => SentencePieceModel.Read(Seed(modelType: 3)),
            Throws.InstanceOf<TokenizerException>().With.Property("Field").EqualTo("TrainerSpec.model_type"));
    }

    [Test]
    public void A_character_map_is_applied_longest_first()
    {
        // A trie with the keys "x" and "xy", as darts lays one out: units hold label, offset, and whether a value follows.
        const uint HasLeaf = 1 << 8, Value = 1u << 31;
        uint[] units = new uint[256];
        units[0] = 1 << 10;
        units[1 ^ 'x'] = 'x' | HasLeaf | (2 << 10);
        units[1 ^ 'x' ^ 2] = Value | 0;
        int next = 1 ^ 'x' ^ 2 ^ 'y';
        units[next] = 'y' | HasLeaf | (4 << 10);
        units[next ^ 4] = Value | 3;
        byte[] map = [.. BitConverter.GetBytes(1024), .. units.SelectMany(BitConverter.GetBytes), .. "ab\0ü\0"u8];
        Assert.That(CharsMap.Read(map, "map").Apply("xyx-é"), Is.EqualTo("üab-é"));
    }

    [Test]
    public void Mutated_models_work_or_are_refused()
    {
        const int Cases = 100_000;
        byte[] seed = Seed(modelType: 1, map: [.. BitConverter.GetBytes(8), .. new byte[8], 65, 0]);
        int works = 0;
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < Cases; i++)
        {
            byte[] mutated = Mutation.OfBytes(seed, new Random(i));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tokenizer = Tokenizer.Create(SentencePieceModel.Read(mutated));
                tokenizer.Decode(tokenizer.Encode("ab  <s> é🦙"));
                works++;
            }
            catch (TokenizerException exception)
            {
                Assert.That(exception.Message, Does.Not.Contain("\n"));
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(200_000 + (100 * mutated.Length)), $"case {i}");
        }

        TestContext.Out.WriteLine($"{Cases} cases in {watch.Elapsed.TotalSeconds:F1} s: {works} work");
        Assert.That(works, Is.InRange(Cases / 50, Cases - (Cases / 5)));
    }

    private static byte[] Seed(int modelType, byte[]? map = null)
    {
        var file = new List<byte>();
        void Piece(string text, float score, int type) => file.AddRange(
            Message(1, [.. Message(1, Encoding.UTF8.GetBytes(text)), 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)type]));
        Piece("<unk>", 0, 2);
        Piece("<s>", 0, 3);
        Piece("</s>", 0, 3);
        Piece("▁a", -1.5f, 1);
        Piece("b", -2.5f, 1);
        file.AddRange(Message(2, [0x18, (byte)modelType, .. Message(7, "x"u8.ToArray())]));
        file.AddRange(Message(3, [.. map is null ? [] : Message(2, map), 0x18, 1, 0x20, 0]));
        return [.. file];
    }

    private static byte[] Message(int field, byte[] body) => [(byte)((field << 3) | 2), (byte)body.Length, .. body];
}

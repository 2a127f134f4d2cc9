using CsCheck;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Streaming gives the same text as decoding at once, in whole characters.</summary>
public sealed class StreamingDetokenizerTests
{
    [Test]
    public void The_pieces_joined_are_the_decoded_text(
        [Values("llama", "gpt2")] string model, [Values] bool skipSpecial, [Values] bool continuation)
    {
        var tokenizer = Tokenizer.Create(model == "llama" ? TinyVocabulary.Llama : TinyVocabulary.Gpt2);
        Gen.Int[0, tokenizer.VocabSize - 1].Array[0, 40].Check(
            5000,
            ids =>
            {
                var streaming = new StreamingDetokenizer(tokenizer, skipSpecial, continuation);
                string[] pieces = [.. ids.Select(streaming.Append), streaming.Flush()];
                return string.Concat(pieces) == tokenizer.Decode(ids, skipSpecial, continuation)
                    && pieces.All(piece => piece.Length == 0 || (!char.IsLowSurrogate(piece[0]) && !char.IsHighSurrogate(piece[^1])));
            });
    }

    [Test]
    public void A_character_comes_with_its_last_byte()
    {
        var streaming = new StreamingDetokenizer(Tokenizer.Create(TinyVocabulary.Llama));
        IEnumerable<string> pieces = "🦙"u8.ToArray().Select(value => streaming.Append(TinyVocabulary.FirstByte + value));
        Assert.That(pieces, Is.EqualTo(new[] { "", "", "", "🦙" }));
    }

    [Test]
    public void The_space_in_front_is_kept_only_in_a_continuation()
    {
        var tokenizer = Tokenizer.Create(TinyVocabulary.Llama);
        int[] ids = tokenizer.Encode("a a");
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("a a"));
        Assert.That(tokenizer.Decode(ids, continuation: true), Is.EqualTo(" a a"));
    }

    [Test]
    public void Flush_ends_an_unfinished_character_and_begins_anew()
    {
        var streaming = new StreamingDetokenizer(Tokenizer.Create(TinyVocabulary.Llama));
        string first = streaming.Append(TinyVocabulary.FirstByte + 0xF0) + streaming.Flush();
        Assert.That((first, streaming.Append(TinyVocabulary.FirstByte + 'x') + streaming.Flush()), Is.EqualTo(("\uFFFD", "x")));
    }

    [Test]
    public void Streaming_as_characters_allocates_nothing()
    {
        var tokenizer = Tokenizer.Create(TinyVocabulary.Llama);
        var streaming = new StreamingDetokenizer(tokenizer);
        int[] ids = tokenizer.Encode("aab aa 🦙 é");
        Assert.That(Least.Allocated(() => Run(1000)), Is.Zero);

        void Run(int times)
        {
            for (int i = 0; i < times; i++)
            {
                foreach (int id in ids)
                {
                    streaming.AppendChars(id);
                }
            }
        }
    }
}

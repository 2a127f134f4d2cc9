using VkInfer.Answers;
using VkInfer.Engine.Answers;
using VkInfer.Tests.Answers;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Engine;

/// <summary>Control tokens are no text, and can be seen all the same.</summary>
public sealed class ControlTokenTests
{
    private static readonly Tokenizer Bytes = ByteTokenizer.Of("<|channel|>", "<|message|>");

    [Test]
    public void A_control_token_is_told_behind_the_text_before_it()
    {
        var answer = new Answer(Bytes, new GenerationOptions { StopStrings = ["abc"] }, null, 1);
        Assert.That(answer.Accept('a').Text, Is.Empty, "it may begin a stop string");
        GenerationUpdate update = answer.Accept(256);
        Assert.That((update.Text, update.ControlToken), Is.EqualTo(("a", "<|channel|>")));
        Assert.That(answer.Accept('b').Text + answer.Accept('c').Text, Is.EqualTo("bc"), "no stop string goes across a control token");
        Assert.That(answer.Accept('c').ControlToken, Is.Null);
    }

    [Test]
    public void A_parser_reads_an_answers_updates()
    {
        var answer = new Answer(Bytes, new GenerationOptions(), null, 1);
        AnswerParser parser = AnswerFormat.Of("<|channel|><|message|>", Bytes).CreateParser([], "");
        int[] ids = [256, .. "analysis".Select(c => (int)c), 257, 'H', 'm', 256, .. "final".Select(c => (int)c), 257, 'Y', 'e', 's', 258];
        AnswerPiece[] pieces = [.. ids.Select(id => answer.Accept(id)).SelectMany(parser.Append)];
        Assert.That(string.Concat(pieces.OfType<ReasoningPiece>().Select(piece => piece.Text)), Is.EqualTo("Hm"));
        Assert.That(string.Concat(pieces.OfType<TextPiece>().Select(piece => piece.Text)), Is.EqualTo("Yes"));
    }
}

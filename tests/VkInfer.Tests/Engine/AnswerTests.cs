using VkInfer.Engine.Answers;

namespace VkInfer.Tests.Engine;

public sealed class AnswerTests
{
    [Test]
    public void Text_comes_in_whole_characters()
    {
        var answer = new Answer(LetterTokenizer.Instance, new GenerationOptions(), null, 3);
        Assert.That(LetterTokenizer.Encode("aé b").Select(id => answer.Accept(id).Text), Is.EqualTo(new[] { "a", "", "é", " ", "b" }));
        Assert.That(answer.Reason, Is.Null);
    }

    [Test]
    public void A_stop_string_that_spans_tokens_ends_it_and_is_not_shown()
    {
        var answer = new Answer(LetterTokenizer.Instance, new GenerationOptions { StopStrings = ["zz", "cde"] }, null, 1);
        GenerationUpdate[] updates = [.. LetterTokenizer.Encode("abcde").Select(id => answer.Accept(id))];
        Assert.That(string.Concat(updates.Select(update => update.Text)), Is.EqualTo("ab"));
        Assert.That(updates[..4].Select(update => update.FinishReason), Has.All.Null);
        Assert.That(updates[4].FinishReason, Is.EqualTo(FinishReason.StopString));
    }

    [Test]
    public void The_end_of_text_ends_it_unless_it_is_ignored([Values] bool ignored)
    {
        var answer = new Answer(
            LetterTokenizer.Instance, new GenerationOptions { IgnoreEndOfText = ignored, StopStrings = ["ab"] }, null, 1);
        Assert.That(answer.Accept(LetterTokenizer.Encode("a")[0]).Text, Is.Empty, "it may begin a stop string");
        GenerationUpdate update = answer.Accept(LetterTokenizer.EndOfText);
        Assert.That(update.FinishReason, Is.EqualTo(ignored ? null : (FinishReason?)FinishReason.EndOfText));
        Assert.That(update.TokenIds, Is.EqualTo(new[] { LetterTokenizer.EndOfText }));
        Assert.That(update.Text, ignored ? Is.Empty : Is.EqualTo("a"));
    }

    [Test]
    public void The_last_update_says_what_it_cost()
    {
        var clock = new TestClock();
        var answer = new Answer(LetterTokenizer.Instance, new GenerationOptions { MaxTokens = 2 }, null, 30, clock);
        clock.Now += TimeSpan.FromSeconds(3);
        answer.Begin(cachedTokens: 20);
        clock.Now += TimeSpan.FromSeconds(4);
        Assert.That(answer.Accept(1).Usage, Is.Null);
        GenerationUpdate last = answer.Accept(LetterTokenizer.Encode("é")[0]);
        Assert.That(last.FinishReason, Is.EqualTo(FinishReason.MaxTokens));
        Assert.That(last.Text, Is.EqualTo("\uFFFD"), "what is left of a character that never became whole");
        Assert.That(last.Usage, Is.EqualTo(new Usage(30, 20, 2, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4))));
    }

    [Test]
    public void A_grammar_that_is_complete_ends_it()
    {
        var answer = new Answer(
            LetterTokenizer.Instance, new GenerationOptions(), LetterTokenizer.Match("root ::= \"ab\""), 1);
        int[] ids = LetterTokenizer.Encode("ab");
        Assert.That(answer.Accept(ids[0]).FinishReason, Is.Null);
        Assert.That(answer.Accept(ids[1]).FinishReason, Is.EqualTo(FinishReason.GrammarComplete));
    }

    [Test]
    public void Log_probabilities_go_with_their_token()
    {
        var answer = new Answer(LetterTokenizer.Instance, new GenerationOptions(), null, 1);
        var entry = new TokenLogProbabilities(new TokenLogProbability(4, -1), []);
        Assert.That(answer.Accept(4, entry).LogProbabilities, Is.EqualTo(new[] { entry }));
        Assert.That(answer.Accept(5).LogProbabilities, Is.Empty);
    }

    [Test]
    public void Another_end_gives_out_what_was_held_back()
    {
        var answer = new Answer(LetterTokenizer.Instance, new GenerationOptions { StopStrings = ["abc"] }, null, 1);
        foreach (int id in LetterTokenizer.Encode("ab"))
        {
            Assert.That(answer.Accept(id).Text, Is.Empty);
        }

        GenerationUpdate last = answer.End(FinishReason.ContextFull);
        Assert.That((last.Text, last.FinishReason, last.TokenIds.Count), Is.EqualTo(("ab", (FinishReason?)FinishReason.ContextFull, 0)));
        Assert.That(last.Usage!.CompletionTokens, Is.EqualTo(2));
    }
}

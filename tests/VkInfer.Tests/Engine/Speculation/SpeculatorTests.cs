using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;

namespace VkInfer.Tests.Engine.Speculation;

/// <summary>What is guessed, and how much of it pays; without a device.</summary>
[Category("Host")]
public sealed class SpeculatorTests
{
    [TestCase("1 2 3", 0, 0)]
    [TestCase("1 2 9 1 2", 2, 2)]
    [TestCase("1 2 3 9 2 3 8 1 2 3", 3, 3, Description = "the longer one, though further back")]
    [TestCase("1 2 7 1 2 8 1 2", 5, 2, Description = "of equal ones the latest")]
    [TestCase("5 5 5 5", 3, 3, Description = "it may overlap the end")]
    [TestCase("1 2 3 4", 0, 0)]
    [TestCase("4 2 9 1 2", 0, 0, Description = "one token says nothing")]
    public void A_text_is_found_further_up(string text, int next, int length) =>
        Assert.That(TokenLookup.Find([.. text.Split(' ').Select(int.Parse)]), Is.EqualTo((next, length)));

    [Test]
    public void Guesses_are_verified_as_far_as_they_pay()
    {
        var times = new StepTimes();
        double[] likely = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9];
        Assert.That(times.Best(1, likely), Is.Positive, "what nobody has measured is tried");
        Observe(times, 1, 10);
        foreach (int rows in (int[])[2, 4, 8])
        {
            Observe(times, rows, 11);
        }

        Assert.That(times.Best(1, likely), Is.EqualTo(7), "rows that cost next to nothing");
        Assert.That(times.Best(1, [0.02]), Is.Zero, "guesses that hardly ever hold");
        Assert.That(times.Best(1, []), Is.Zero);
        for (int i = 0; i < 200; i++)
        {
            Observe(times, 2, 12);
            Observe(times, 4, 23);
            Observe(times, 8, 100);
        }

        Assert.That(times.Best(1, likely), Is.EqualTo(1), "rows that cost more than they bring");
        Assert.That(times.Best(1, [1, 1, 1, 1, 1, 1, 1]), Is.EqualTo(3), "what holds for sure brings more");
    }

    [Test]
    public void Who_guesses_wrongly_guesses_no_more_until_it_would_be_right()
    {
        var speculator = new Speculator();
        int[] text = [1, 2, 3, 1, 2];
        for (int i = 0; i < 40; i++)
        {
            speculator.Guess(text);
            speculator.Learn([9]);
        }

        speculator.Guess(text);
        Assert.That(speculator.Best(1, new StepTimes()), Is.Zero);
        for (int i = 0; i < 40; i++)
        {
            speculator.Guess([1, 2, 3, 4, 1, 2, 3]);
            speculator.Learn([4, 1]);
        }

        speculator.Guess([1, 2, 3, 4, 1, 2, 3]);
        Assert.That(speculator.Best(1, new StepTimes()), Is.Positive);
    }

    [Test]
    public void A_smaller_model_guesses_as_far_as_that_pays()
    {
        var times = new StepTimes();
        Observe(times, 1, 10);
        foreach (int rows in (int[])[2, 4, 8])
        {
            Observe(times, rows, 11);
        }

        var speculator = new Speculator();
        Assert.That(speculator.BestDrafts(1, 7, times), Is.Positive, "what nobody has measured is tried");
        for (int i = 0; i < 6; i++)
        {
            times.ObserveDraft(4, TimeSpan.FromMilliseconds(4));
        }

        Assert.That(speculator.BestDrafts(1, 7, times), Is.InRange(2, 6), "a tenth of a step");
        Assert.That(speculator.BestDrafts(1, 2, times), Is.EqualTo(2), "no more than it can");
        Observe(times, 64, 20);
        Observe(times, 65, 20);
        Assert.That(speculator.BestDrafts(64, 7, times), Is.Zero, "a step of many rows");
        var slow = new StepTimes();
        Observe(slow, 1, 10);
        Observe(slow, 2, 11);
        Observe(slow, 4, 11);
        Observe(slow, 8, 11);
        for (int i = 0; i < 6; i++)
        {
            slow.ObserveDraft(4, TimeSpan.FromMilliseconds(40));
        }

        Assert.That(new Speculator().BestDrafts(1, 7, slow), Is.Zero, "as slow as a step");
    }

    [Test]
    public void A_smaller_model_that_guesses_wrongly_is_asked_ever_more_seldom()
    {
        var times = new StepTimes();
        Observe(times, 1, 10);
        Observe(times, 2, 11);
        Observe(times, 4, 11);
        Observe(times, 8, 11);
        for (int i = 0; i < 6; i++)
        {
            times.ObserveDraft(1, TimeSpan.FromMilliseconds(1));
        }

        var speculator = new Speculator();
        int Ask(int steps, int next)
        {
            int drafted = 0;
            for (int i = 0; i < steps; i++)
            {
                int count = speculator.BestDrafts(1, 7, times);
                drafted += count;
                speculator.TakeDrafts([.. Enumerable.Repeat(5, count)]);
                speculator.Learn([.. Enumerable.Repeat(next, count + 1)]);
            }

            return drafted;
        }

        Assert.That(Ask(20, next: 9), Is.LessThan(60), "at first");
        Assert.That(Ask(2000, next: 9), Is.InRange(1, 20), "trials");
        Ask(4000, next: 5);
        Assert.That(Ask(100, next: 5), Is.GreaterThan(300), "once it is right");
    }

    [Test]
    public void What_a_grammar_forces_is_guessed_with_its_masks()
    {
        GrammarMatcher grammar = LetterTokenizer.Match("root ::= \"abc\" [de] \"f\"");
        uint[] mask = new uint[2];
        grammar.FillMask(mask);
        var speculator = new Speculator { IsEager = true };
        speculator.Guess([]);
        speculator.Constrain(grammar, mask, default);
        var sequence = new Sequence([1], 50);
        sequence.Select(EngineFixture.Greedy with { Mask = mask });
        speculator.Propose(sequence, speculator.Best(1, new StepTimes()));
        Assert.That(sequence.Drafts, Is.EqualTo(LetterTokenizer.Encode("abc")));
        Assert.That(
            sequence.DraftMasks.Select(bits => Enumerable.Range(0, 50).Where(token => (bits[token / 32] >> (token % 32) & 1) != 0)),
            Is.EqualTo(new[] { LetterTokenizer.Encode("b"), LetterTokenizer.Encode("c"), LetterTokenizer.Encode("de") }));
    }

    [Test]
    public void A_guess_that_the_grammar_forbids_is_dropped()
    {
        GrammarMatcher grammar = LetterTokenizer.Match("root ::= [a-c]{3} [x-z]+");
        uint[] mask = new uint[2];
        grammar.FillMask(mask);
        var speculator = new Speculator { IsEager = true };
        speculator.Guess(LetterTokenizer.Encode("ghijabcdghij"));
        speculator.Constrain(grammar, mask, default);
        var sequence = new Sequence([1], 50);
        sequence.Select(EngineFixture.Greedy with { Mask = mask });
        speculator.Propose(sequence, speculator.Best(1, new StepTimes()));
        Assert.That(sequence.Drafts, Is.EqualTo(LetterTokenizer.Encode("abc")));
    }

    [TestCase("root ::= \"name \" [a-z]{3} \" age \" [0-9]{2} \" end\"")]
    [TestCase("root ::= (\"abc\" | \"abd\"){4} \"é\"")]
    public async Task A_grammar_gives_the_same_answer_in_fewer_steps(string gbnf)
    {
        using var fixture = new EngineFixture();
        var options = new GenerationOptions { MaxTokens = 60 };
        (string plain, Usage before) = await Read(fixture.Answer([1, 2, 3], options, gbnf));
        (string guessed, Usage after) = await Read(fixture.Answer([1, 2, 3], options, gbnf, guesses: true));
        Assert.That(guessed, Is.EqualTo(plain));
        Assert.That((before.DraftedTokens, after.CompletionTokens), Is.EqualTo((0, before.CompletionTokens)));
        Assert.That(after.AcceptedTokens, Is.Positive.And.LessThanOrEqualTo(after.DraftedTokens));
    }

    private static void Observe(StepTimes times, int rows, double milliseconds)
    {
        for (int i = 0; i < 6; i++)
        {
            times.Observe(rows, TimeSpan.FromMilliseconds(milliseconds));
        }
    }

    private static async Task<(string Text, Usage Usage)> Read(AnswerStream stream)
    {
        using (stream)
        {
            string text = "";
            Usage? usage = null;
            while (await stream.NextAsync() is { } update)
            {
                text += update.Text;
                usage = update.Usage;
            }

            return (text, usage!);
        }
    }
}

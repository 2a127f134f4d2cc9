using System.Text;

namespace VkInfer.Tests.Embedded;

/// <summary>A stop string ends the answer wherever it begins and ends within tokens, and nothing of it is shown.</summary>
public sealed class StopStringTests : EmbeddedFixture
{
    [Test]
    public async Task Every_stop_string_within_the_answer_is_found()
    {
        using Session session = Model.CreateSession();
        var options = new GenerationOptions { Sampling = SamplingOptions.Greedy, MaxTokens = 14, IgnoreEndOfText = true };
        (string whole, _) = await Answer(session, options);
        Assert.That(whole, Has.Length.GreaterThan(24));
        for (int start = 0; start < 18; start += 5)
        {
            foreach (int length in new[] { 1, 5 })
            {
                string stop = whole.Substring(start, length);
                (string text, GenerationUpdate last) = await Answer(session, options with { StopStrings = ["never said", stop] });
                Assert.That(last.FinishReason, Is.EqualTo(FinishReason.StopString), stop);
                Assert.That(text, Is.EqualTo(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]), stop);
            }
        }
    }

    [Test]
    public async Task A_beginning_of_a_stop_string_that_goes_on_otherwise_is_shown()
    {
        using Session session = Model.CreateSession();
        var options = new GenerationOptions { Sampling = SamplingOptions.Greedy, MaxTokens = 14, IgnoreEndOfText = true };
        (string whole, _) = await Answer(session, options);
        string[] almost = [whole[..6] + "\u0001", whole[^3..] + "\u0001"];
        (string text, GenerationUpdate last) = await Answer(session, options with { StopStrings = almost });
        Assert.That((text, last.FinishReason), Is.EqualTo((whole, FinishReason.MaxTokens)));
    }

    private async Task<(string Text, GenerationUpdate Last)> Answer(Session session, GenerationOptions options)
    {
        session.Reset();
        var text = new StringBuilder();
        GenerationUpdate? last = null;
        await foreach (GenerationUpdate update in session.GenerateAsync(Prompt(0), options))
        {
            text.Append(update.Text);
            last = update;
        }

        return (text.ToString(), last!);
    }
}

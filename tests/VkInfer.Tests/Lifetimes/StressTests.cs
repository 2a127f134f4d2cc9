using System.Diagnostics;

namespace VkInfer.Tests.Lifetimes;

/// <summary>
/// Sessions, chats, batches and models disposed at random moments of load, prompt, decode, stream, batch, fork, logits and cancellation,
/// all in one process: nobody hangs, nobody gets an exception that is not documented, and nothing is left behind.
/// </summary>
public sealed class StressTests : LifetimeFixture
{
    [Test]
    public void A_hundred_rounds() => Run(TestModels.Validation ? 50 : 100, seed: 20261129);

    [Test]
    [Category("Release")]
    public void A_thousand_rounds() => Run(1000, Environment.TickCount);

    private void Run(int rounds, int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var outcomes = new SortedDictionary<string, int>();
        long started = Stopwatch.GetTimestamp();
        (int, int) before = Live;
        for (int i = 0; i < rounds; i++)
        {
            using var round = new StressRound(Options, new Random(unchecked(seed + i)), $"seed {seed}, round {i}");
            foreach (string outcome in round.Run())
            {
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }

            Assert.That(Live, Is.EqualTo(before), $"seed {seed}, round {i} left something behind");
        }

        TestContext.Out.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        foreach ((string outcome, int count) in outcomes)
        {
            TestContext.Out.WriteLine($"{count,6}  {outcome}");
        }

        // The moments were moments of something: work was ended in its midst, and work was done.
        int Kinds(string end) => outcomes.Keys.Count(outcome => outcome.EndsWith(end, StringComparison.Ordinal));
        Assert.That(Kinds(nameof(ObjectDisposedException)), Is.AtLeast(6));
        Assert.That(Kinds("done"), Is.AtLeast(4));
    }
}

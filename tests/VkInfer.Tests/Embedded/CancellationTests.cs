using System.Diagnostics;
using VkInfer.Testing;

namespace VkInfer.Tests.Embedded;

/// <summary>Cancellation is answered at once, and leaves the session where it stood.</summary>
public sealed class CancellationTests : EmbeddedFixture
{
    /// <summary>The step that takes others' rows with those of a caller that has gone still writes his logits.</summary>
    [Test]
    public void Logits_that_nobody_waits_for_any_more_harm_nobody()
    {
        var random = new Random(5);
        int cancelled = 0;
        bool isOver = false;
        Task others = Task.Run(() =>
        {
            using Session session = Model.CreateSession();
            while (!Volatile.Read(ref isOver))
            {
                session.Reset();
                session.Append(Prompt(1));
                Take(session, 30, SamplingOptions.Greedy);
            }
        });
        for (int round = 0; round < 120; round++)
        {
            using Session session = Model.CreateSession();
            using var cancel = new CancellationTokenSource();
            TimeSpan moment = TimeSpan.FromMilliseconds(random.NextDouble() * 10);
            long started = Stopwatch.GetTimestamp();
            Task cancelling = Task.Run(() =>
            {
                // Timers are too coarse for the milliseconds in which a step is submitted.
                SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(started) > moment);
                cancel.Cancel();
            });
            try
            {
                session.ComputeLogits(Prompt(round, 200), (_, _) => { }, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }

            cancelling.Wait();
        }

        Volatile.Write(ref isOver, true);
        Assert.That(() => others, Throws.Nothing);
        Assert.That(cancelled, Is.GreaterThan(25));
    }

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    [TestCase(30)]
    [TestCase(200)]
    [Category("Timing")]
    public void Prefill_answers_within_a_tenth_of_a_second(int after)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(1));
        Assert.That(Least.Time(Longest, () => CancelPrompt(session, after)), Is.LessThan(Longest));
    }

    [Test]
    [Category("Timing")]
    public void A_stream_answers_within_a_tenth_of_a_second()
    {
        TimeSpan least = Least.Time(Longest, () =>
        {
            using Session session = Model.CreateSession();
            using var cancel = new CancellationTokenSource();
            long asked = 0;
            int tokens = 0;
            Assert.That(
                async () =>
                {
                    await foreach (GenerationUpdate update in session.GenerateAsync(
                        Prompt(0), new GenerationOptions { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true }, cancel.Token))
                    {
                        if (++tokens == 5)
                        {
                            asked = Stopwatch.GetTimestamp();
                            await cancel.CancelAsync();
                        }
                    }
                },
                Throws.InstanceOf<OperationCanceledException>());
            return Stopwatch.GetElapsedTime(asked);
        });
        Assert.That(least, Is.LessThan(Longest));
    }

    [Test]
    public void A_cancelled_prompt_leaves_the_session_where_it_stood()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(1));
        using Session untouched = session.Fork();
        for (int i = 0; i < 3; i++)
        {
            CancelPrompt(session, 20 + (40 * i));
            Assert.That(session.Position, Is.EqualTo(Prompt(1).Length));
        }

        session.Append(Prompt(3, 70));
        untouched.Append(Prompt(3, 70));
        Assert.That(Take(session, 12, SamplingOptions.Greedy), Is.EqualTo(Take(untouched, 12, SamplingOptions.Greedy)));
    }

    [Test]
    public void A_token_that_is_cancelled_already_does_nothing()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(1));
        using Session untouched = session.Fork();
        var cancelled = new CancellationToken(canceled: true);
        Assert.That(() => session.Append(Prompt(0), cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => session.Append([5], cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => session.NextToken(Drawn, cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => session.ComputeLogits(Prompt(0), (_, _) => { }, cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Take(session, 8, Drawn), Is.EqualTo(Take(untouched, 8, Drawn)));
    }

    [Test]
    public void A_stream_that_is_cancelled_at_any_token_leaves_a_whole_session()
    {
        var options = new GenerationOptions { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true };
        using Session reference = Model.CreateSession();
        reference.Append(Prompt(0));
        int[] expected = Take(reference, 30, SamplingOptions.Greedy);
        for (int stop = 1; stop < 5; stop++)
        {
            using Session session = Model.CreateSession();
            using var cancel = new CancellationTokenSource();
            int seen = 0;
            Assert.That(
                async () =>
                {
                    await foreach (GenerationUpdate update in session.GenerateAsync(Prompt(0), options, cancel.Token))
                    {
                        if (++seen == stop)
                        {
                            await cancel.CancelAsync();
                        }
                    }
                },
                Throws.InstanceOf<OperationCanceledException>());
            int[] drawn = [.. session.Tokens.Skip(Prompt(0).Length)];
            Assert.That(drawn, Has.Length.AtLeast(stop).And.EqualTo(expected[..drawn.Length]));
            Assert.That(Take(session, 30 - drawn.Length, SamplingOptions.Greedy), Is.EqualTo(expected[drawn.Length..]));
        }
    }

    /// <summary>Cancels a long prompt under way; sooner, where the device was through before.</summary>
    /// <param name="session">The session.</param>
    /// <param name="after">Milliseconds behind its begin.</param>
    /// <returns>How long it took from the cancellation to the exception.</returns>
    private TimeSpan CancelPrompt(Session session, int after)
    {
        int before = session.Position;
        for (; ; after /= 2)
        {
            using var cancel = new CancellationTokenSource();
            long asked = 0;
            var timer = new Thread(() =>
            {
                Thread.Sleep(after);
                asked = Stopwatch.GetTimestamp();
                cancel.Cancel();
            });
            timer.Start();
            Exception? thrown = Thrown(() => session.Append(Prompt(0, 900), cancel.Token));
            long answered = Stopwatch.GetTimestamp();
            timer.Join();
            if (thrown is not null)
            {
                Assert.That(thrown, Is.InstanceOf<OperationCanceledException>());
                return Stopwatch.GetElapsedTime(asked, answered);
            }

            if (after == 0)
            {
                Assert.Inconclusive("the device was faster than any cancellation");
            }

            session.Truncate(before);
        }
    }

    private static Exception? Thrown(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return exception;
        }
    }
}

using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;

namespace VkInfer.Tests.Engine;

/// <summary>Requests that come, go, wait and are forgotten at random, from many threads, with too few pages for all of them.</summary>
[Category("Host")]
public sealed class EngineStressTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Test]
    public async Task Whatever_comes_everybody_gets_their_own_and_no_page_leaks([Values(1, 2, 3, 4)] int seed, [Values] bool windows)
    {
        CacheGroup[] groups = windows ? [new CacheGroup(0), new CacheGroup(40)] : [new CacheGroup(0)];
        using var fixture = new EngineFixture(
            pages: 30 * groups.Length, new SchedulerOptions { MaxRunning = 6, MaxRows = 48, MaxWaiting = 10_000 }, groups);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(() => Work(fixture, new Random((seed * 100) + worker)))))
            .WaitAsync(Patience);
        Assert.That(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return fixture.HeldPages();
            },
            Is.Zero.After(120_000, 50), "pages of nobody");
        Assert.That(() => fixture.Engine.ThreadCount, Is.Zero.After(120_000, 20));
    }

    [Test]
    public async Task The_engine_may_end_in_the_middle_of_it([Values(1, 2, 3, 4, 5, 6)] int seed)
    {
        var fixture = new EngineFixture(pages: 30, new SchedulerOptions { MaxRunning = 6, MaxRows = 48, MaxWaiting = 10_000 });
        Task[] workers = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            try
            {
                await Work(fixture, new Random((seed * 100) + worker));
            }
            catch (ObjectDisposedException)
            {
                // As it should.
            }
        }))];
        await Task.Delay(seed * 7);
        if (seed % 2 == 0)
        {
            await fixture.Engine.DisposeAsync();
        }
        else
        {
            fixture.Engine.Dispose();
        }

        await Task.WhenAll(workers).WaitAsync(Patience);
        Assert.That(fixture.Executor.Disposals, Is.EqualTo(1));
    }

    private static async Task Work(EngineFixture fixture, Random random)
    {
        for (int i = 0; i < 40; i++)
        {
            int[] common = SchedulerTests.Prompt(random.Next(3), random.Next(1, 150));
            int[] prompt = [.. common, .. SchedulerTests.Prompt(random.Next(), random.Next(1, 30))];
            switch (random.Next(4))
            {
                case 0:
                    await List(fixture, prompt, random);
                    break;
                case 1:
                    await Abandon(fixture, prompt, random.Next(1, 6));
                    break;
                default:
                    await Read(fixture, prompt, random);
                    break;
            }
        }
    }

    /// <summary>A request whose receiver takes pauses, which may be cancelled, and may have a deadline.</summary>
    private static async Task List(EngineFixture fixture, int[] prompt, Random random)
    {
        using var cancel = new CancellationTokenSource();
        int tokens = random.Next(1, 60);
        (int cancelAt, int waitAt) = (random.Next(100), random.Next(100));
        using var paused = new SemaphoreSlim(0);
        var list = new TokenList
        {
            OnToken = count =>
            {
                if (count == cancelAt)
                {
                    cancel.Cancel();
                }

                if (count != waitAt)
                {
                    return Reception.GoOn;
                }

                paused.Release();
                return Reception.Wait;
            },
        };
        EngineRequest request = fixture.Ask(
            prompt, tokens, list, priority: random.Next(3),
            limit: random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(100)) : null, cancellation: cancel.Token);
        Task pausing = paused.WaitAsync();
        if (await Task.WhenAny(pausing, list.End) == pausing)
        {
            await Task.Yield();
            fixture.Engine.Resume(request);
        }

        FinishReason? reason = null;
        try
        {
            reason = await list.End.WaitAsync(Patience);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }

        Assert.That(list.Tokens, Is.EqualTo(EngineFixture.Alone(prompt, list.Tokens.Length)));
        Assert.That(reason, Is.AnyOf(null, FinishReason.MaxTokens, FinishReason.DeadlineExceeded));
        if (reason == FinishReason.MaxTokens)
        {
            Assert.That(list.Tokens, Has.Length.EqualTo(tokens));
        }
    }

    /// <summary>An answer that is read to its end, now and then slowly, or is disposed before.</summary>
    private static async Task Read(EngineFixture fixture, int[] prompt, Random random)
    {
        int tokens = random.Next(1, 50);
        int leaveAt = random.Next(100);
        using AnswerStream stream = fixture.Answer(
            prompt, new GenerationOptions { MaxTokens = tokens, IgnoreEndOfText = true }, queueLimit: random.Next(1, 6));
        var read = new List<int>();
        while (read.Count != leaveAt && await stream.NextAsync().AsTask().WaitAsync(Patience) is { } update)
        {
            read.AddRange(update.TokenIds);
            if (random.Next(20) == 0)
            {
                await Task.Delay(1);
            }
        }

        Assert.That(read, Is.EqualTo(EngineFixture.Alone(prompt, Math.Min(tokens, leaveAt))));
    }

    /// <summary>An answer of which a few updates are read, and which is then forgotten.</summary>
    private static async Task Abandon(EngineFixture fixture, int[] prompt, int updates)
    {
        AnswerStream stream = fixture.Answer(prompt, new GenerationOptions { MaxTokens = 60, IgnoreEndOfText = true }, queueLimit: 2);
        for (int i = 0; i < updates; i++)
        {
            await stream.NextAsync().AsTask().WaitAsync(Patience);
        }
    }
}

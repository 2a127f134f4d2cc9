using System.Runtime.CompilerServices;
using System.Text;
using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Grammar;

namespace VkInfer.Tests.Engine;

/// <summary>The engine on a simulated device: whoever comes, goes, waits or fails, the others get what they would get alone.</summary>
[Category("Host")]
public sealed class EngineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Everybody_gets_what_they_would_get_alone()
    {
        using var fixture = new EngineFixture(pages: 60, new SchedulerOptions { MaxRunning = 12, MaxRows = 70 });
        (int[] Prompt, int Tokens, TokenList List)[] all =
            [.. Enumerable.Range(0, 80).Select(i => (SchedulerTests.Prompt(i, 1 + (i * 7 % 90)), 1 + (i * 5 % 40), new TokenList()))];
        foreach ((int[] prompt, int tokens, TokenList list) in all)
        {
            fixture.Ask(prompt, tokens, list);
        }

        foreach ((int[] prompt, int tokens, TokenList list) in all)
        {
            Assert.That(await list.End.WaitAsync(Patience), Is.EqualTo(FinishReason.MaxTokens));
            Assert.That(list.Tokens, Is.EqualTo(EngineFixture.Alone(prompt, tokens)));
        }

        Assert.That(fixture.Executor.MostUnderWay, Is.EqualTo(2));
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public async Task A_cancelled_request_frees_its_pages_and_the_others_go_on()
    {
        using var fixture = new EngineFixture { Executor = { StepTime = TimeSpan.FromMilliseconds(1) } };
        using var cancel = new CancellationTokenSource();
        var cancelled = new TokenList { OnToken = count => count == 10 ? Cancel(cancel) : Reception.GoOn };
        var other = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 100), null, cancelled, cancellation: cancel.Token);
        fixture.Ask(SchedulerTests.Prompt(1, 50), 200, other);
        Assert.That(async () => await cancelled.End.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(cancelled.Tokens, Has.Length.InRange(10, 14), "a step or two were under way");
        Assert.That(await other.End.WaitAsync(Patience), Is.EqualTo(FinishReason.MaxTokens));
        Assert.That(other.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(1, 50), 200)));
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public void A_request_that_is_cancelled_before_it_starts_computes_nothing()
    {
        using var fixture = new EngineFixture();
        var list = new TokenList();
        fixture.Ask([1, 2], 5, list, cancellation: new CancellationToken(canceled: true));
        Assert.That(async () => await list.End.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(fixture.Executor.Steps, Is.Zero);
    }

    [Test]
    public async Task A_deadline_ends_a_request_wherever_it_stands()
    {
        // The clock goes a millisecond further with each step.
        var clock = new TestClock();
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRunning = 1 }, clock: clock);
        using var begin = new ManualResetEventSlim();
        fixture.Executor.Submitting = _ =>
        {
            begin.Wait(Patience);
            clock.Now += TimeSpan.FromMilliseconds(1);
        };
        var running = new TokenList();
        var waiting = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 40), null, running, limit: TimeSpan.FromMilliseconds(150));
        fixture.Ask(SchedulerTests.Prompt(1, 40), 3, waiting, limit: TimeSpan.FromMilliseconds(40));
        begin.Set();
        Assert.That(await waiting.End.WaitAsync(Patience), Is.EqualTo(FinishReason.DeadlineExceeded));
        Assert.That(waiting.Tokens, Is.Empty);
        Assert.That(await running.End.WaitAsync(Patience), Is.EqualTo(FinishReason.DeadlineExceeded));
        Assert.That(running.Tokens, Has.Length.InRange(100, 150), "a step each, until the time is up");
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public async Task A_deadline_ends_one_that_waits_for_its_reader_while_the_engine_sleeps()
    {
        using var fixture = new EngineFixture();
        var list = new TokenList { OnToken = _ => Reception.Wait };
        fixture.Ask([1, 2, 3], null, list, limit: TimeSpan.FromMilliseconds(300));
        Assert.That(await list.End.WaitAsync(Patience), Is.EqualTo(FinishReason.DeadlineExceeded));
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public async Task The_urgent_come_first()
    {
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRunning = 1 });
        using var begin = new ManualResetEventSlim();
        fixture.Executor.Submitting = _ => begin.Wait(Patience);
        var order = new List<int>();
        TokenList[] lists = [.. Enumerable.Range(0, 6).Select(i => new TokenList
        {
            OnToken = count =>
            {
                order.Add(i);
                return Reception.GoOn;
            },
        })];
        for (int i = 0; i < 6; i++)
        {
            fixture.Ask([i], 1, lists[i], priority: i % 3);
        }

        begin.Set();
        await Task.WhenAll(lists.Select(list => list.End)).WaitAsync(Patience);
        Assert.That(order, Is.EqualTo(new[] { order[0], 2, 5, 1, 4, 0, 3 }.Distinct()), "but for whom the engine found at first");
    }

    [Test]
    public async Task A_fault_in_one_row_ends_that_sequence_alone([Values] bool isFinite)
    {
        using var fixture = new EngineFixture();
        var bad = new Sequence();
        fixture.Executor.Fault = (sequence, length) => ReferenceEquals(sequence, bad) && length == 15
            ? isFinite ? ChoiceFault.NoTokenAllowed : ChoiceFault.LogitsNotFinite
            : ChoiceFault.None;
        (TokenList failing, TokenList good) = (new TokenList(), new TokenList());
        fixture.Ask(SchedulerTests.Prompt(0, 10), 50, failing, bad);
        fixture.Ask(SchedulerTests.Prompt(1, 10), 50, good);
        Assert.That(
            async () => await failing.End.WaitAsync(Patience),
            Throws.InstanceOf<InvalidLogitsException>().With.Property(nameof(InvalidLogitsException.Position)).EqualTo(14));
        await good.End.WaitAsync(Patience);
        Assert.That(failing.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(0, 10), 5)));
        Assert.That(good.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(1, 10), 50)));
        Assert.That(bad.Tokens.Length, Is.EqualTo(15), "it stands where it stood before the choice");
    }

    [Test]
    public async Task A_receiver_that_throws_ends_its_own_sequence()
    {
        using var fixture = new EngineFixture();
        var bad = new TokenList { OnToken = count => count == 3 ? throw new NotSupportedException("mine") : Reception.GoOn };
        var good = new TokenList();
        fixture.Ask([1], 20, bad);
        fixture.Ask([2], 20, good);
        Assert.That(async () => await bad.End.WaitAsync(Patience), Throws.InstanceOf<NotSupportedException>());
        await good.End.WaitAsync(Patience);
        Assert.That(good.Tokens, Is.EqualTo(EngineFixture.Alone([2], 20)));
    }

    [Test]
    public async Task Grammars_hold_and_one_without_a_way_on_ends_alone()
    {
        using var fixture = new EngineFixture();
        using AnswerStream matching = fixture.Answer([1, 2], new GenerationOptions { MaxTokens = 40 }, "root ::= [a-c] [0-9]{5} \"é\"");
        using AnswerStream stuck = fixture.Answer([3], new GenerationOptions { MaxTokens = 40 }, "root ::= \"ab?\"");
        using AnswerStream free = fixture.Answer([4], new GenerationOptions { MaxTokens = 40, IgnoreEndOfText = true });
        (string text, GenerationUpdate last) = await ReadAll(matching);
        Assert.That(text, Does.Match("^[a-c][0-9]{5}é$"));
        Assert.That(last.FinishReason, Is.EqualTo(FinishReason.GrammarComplete));
        Assert.That(async () => await ReadAll(stuck), Throws.InstanceOf<GrammarException>());
        Assert.That((await ReadAll(free)).Last.Usage!.CompletionTokens, Is.EqualTo(40));
    }

    /// <summary>Put aside, a sequence takes no part in steps; what its guesses would cost is asked all the same.</summary>
    [TestCase(null)]
    [TestCase("root ::= [a-e]+")]
    public async Task An_answer_that_guesses_waits_for_its_reader(string? gbnf)
    {
        using var fixture = new EngineFixture();
        var options = new GenerationOptions { MaxTokens = 60, IgnoreEndOfText = true };
        using AnswerStream slow = fixture.Answer(
            SchedulerTests.Prompt(0, 60), options, gbnf, queueLimit: 2, guesses: true, isEager: false);
        GenerationUpdate? last = null;
        while (await slow.NextAsync() is { } update)
        {
            last = update;
            if (update.Usage is null && update.TokenIds.Count > 0)
            {
                await Task.Delay(5);
            }
        }

        Assert.That(last!.FinishReason, Is.EqualTo(FinishReason.MaxTokens));
    }

    [Test]
    public async Task A_step_whose_end_throws_costs_its_own_requests_alone()
    {
        using var fixture = new EngineFixture();
        for (int round = 0; round < 5; round++)
        {
            int steps = 0;
            fixture.Executor.Completing = () =>
            {
                if (++steps == 3 + round)
                {
                    throw new TimeZoneNotFoundException("an observer's own");
                }
            };
            TokenList[] lost = [.. Enumerable.Range(0, 3).Select(_ => new TokenList())];
            Array.ForEach(lost, list => fixture.Ask([7, 7, 7], 40, list));
            await Task.WhenAll(lost.Select(list => list.End.ContinueWith(_ => { }, TaskScheduler.Default))).WaitAsync(Patience);
            Assert.That(lost.Any(list => list.End.IsFaulted));
            TokenList[] next = [.. Enumerable.Range(0, 3).Select(_ => new TokenList())];
            foreach ((int i, TokenList list) in next.Index())
            {
                fixture.Ask(SchedulerTests.Prompt(i, 30), 20, list);
            }

            await Task.WhenAll(next.Select(list => list.End)).WaitAsync(Patience);
            foreach ((int i, TokenList list) in next.Index())
            {
                Assert.That(list.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(i, 30), 20)), $"round {round}, {i}");
            }
        }
    }

    [Test]
    public async Task A_slow_consumer_holds_back_itself_alone()
    {
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRunning = 1 });
        int[] prompt = SchedulerTests.Prompt(0, 60);
        var options = new GenerationOptions { MaxTokens = 100, IgnoreEndOfText = true };
        using AnswerStream slow = fixture.Answer(prompt, options, queueLimit: 4);
        List<int> tokens = [.. (await slow.NextAsync())!.TokenIds];

        // There is one place: others get it while this one is not read.
        for (int i = 1; i < 5; i++)
        {
            var other = new TokenList();
            fixture.Ask(SchedulerTests.Prompt(i, 50), 60, other);
            await other.End.WaitAsync(Patience);
            Assert.That(other.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(i, 50), 60)));
        }

        GenerationUpdate? last = null;
        while (await slow.NextAsync() is { } update)
        {
            tokens.AddRange(update.TokenIds);
            last = update;
        }

        Assert.That(tokens, Is.EqualTo(EngineFixture.Alone(prompt, 100)));
        Assert.That(last!.Usage!.CachedTokens, Is.Zero, "what it had itself is no cached prompt");
    }

    [Test]
    public void Consumers_that_stop_reading_do_not_keep_the_pages_that_others_need()
    {
        using var fixture = new EngineFixture(pages: 20);
        AnswerStream[] slow = [.. Enumerable.Range(0, 5).Select(i =>
            fixture.Answer(SchedulerTests.Prompt(i, 100), new GenerationOptions { IgnoreEndOfText = true }, queueLimit: 2))];
        var large = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(9, 500), 20, large);
        Assert.That(large.End.Wait(Patience), Is.True);
        Assert.That(large.Tokens, Is.EqualTo(EngineFixture.Alone(SchedulerTests.Prompt(9, 500), 20)));
        Array.ForEach(slow, stream => stream.Dispose());
        Assert.That(() => fixture.HeldPages(), Is.Zero.After(60_000, 20));
    }

    [Test]
    public void A_stream_that_is_forgotten_ends_its_request()
    {
        using var fixture = new EngineFixture();
        Forget(fixture);
        Assert.That(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return fixture.HeldPages();
            },
            Is.Zero.After(20_000, 50));
    }

    [Test]
    public async Task A_thousand_sequences_that_wait_for_their_readers_cost_no_thread()
    {
        using var fixture = new EngineFixture(pages: 4096, new SchedulerOptions { MaxRunning = 64 });
        AnswerStream[] all = [.. Enumerable.Range(0, 1000).Select(i =>
            fixture.Answer([i % 50, i / 50], new GenerationOptions { MaxTokens = 12, IgnoreEndOfText = true }, queueLimit: 2))];
        foreach (AnswerStream stream in all)
        {
            Assert.That(await stream.NextAsync().AsTask().WaitAsync(Patience), Is.Not.Null);
        }

        Assert.That(() => fixture.Engine.ThreadCount, Is.Zero.After(20_000, 20));
        foreach ((int i, AnswerStream stream) in all.Index())
        {
            int read = 1;
            while (await stream.NextAsync() is not null)
            {
                read++;
            }

            Assert.That(read, Is.EqualTo(12), $"stream {i}");
            stream.Dispose();
        }

        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public async Task A_conversation_goes_on_where_it_stood()
    {
        using var fixture = new EngineFixture();
        var sequence = new Sequence();
        int rows = 0;
        for (int turn = 0; turn < 4; turn++)
        {
            int[] before = sequence.Tokens.ToArray();
            int[] prompt = SchedulerTests.Prompt(turn, 20 + turn);
            var list = new TokenList();
            fixture.Ask(prompt, 12, list, sequence, keepsPages: true);
            await list.End.WaitAsync(Patience);
            Assert.That(list.Tokens, Is.EqualTo(EngineFixture.Alone([.. before, .. prompt], 12)), $"turn {turn}");
            Assert.That(list.Cached, Is.EqualTo(Math.Max(0, before.Length - 1)), "all but the token that was chosen last");
            rows += prompt.Length + 12;
        }

        Assert.That(fixture.Executor.Device.Rows, Is.LessThanOrEqualTo(rows), "nothing is computed twice");
    }

    [Test]
    public async Task A_prompt_that_fails_leaves_the_sequence_as_it_was()
    {
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRows = 16 });
        var sequence = new Sequence();
        var first = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 30), 5, first, sequence, keepsPages: true);
        await first.End.WaitAsync(Patience);
        int[] before = sequence.Tokens.ToArray();
        using var cancel = new CancellationTokenSource();
        int begin = fixture.Executor.Steps;
        fixture.Executor.Submitting = step =>
        {
            if (step == begin + 2)
            {
                cancel.Cancel();
            }
        };
        var cancelled = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(1, 200), 5, cancelled, sequence, keepsPages: true, cancellation: cancel.Token);
        Assert.That(async () => await cancelled.End.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(sequence.Tokens.ToArray(), Is.EqualTo(before));

        var tooLong = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(1, 200), 5, tooLong, sequence, keepsPages: true, contextLength: 100);
        Assert.That(async () => await tooLong.End.WaitAsync(Patience), Throws.InstanceOf<ContextLengthExceededException>());
        Assert.That(sequence.Tokens.ToArray(), Is.EqualTo(before));

        var next = new TokenList();
        fixture.Ask([7, 8], 9, next, sequence);
        await next.End.WaitAsync(Patience);
        Assert.That(next.Tokens, Is.EqualTo(EngineFixture.Alone([.. before, 7, 8], 9)));
    }

    [Test]
    public async Task A_full_context_ends_a_request()
    {
        using var fixture = new EngineFixture();
        var list = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 30), 500, list, contextLength: 40);
        Assert.That(await list.End.WaitAsync(Patience), Is.EqualTo(FinishReason.ContextFull));
        Assert.That(list.Tokens, Has.Length.EqualTo(10));
        var full = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 40), 500, full, contextLength: 40);
        Assert.That(await full.End.WaitAsync(Patience), Is.EqualTo(FinishReason.ContextFull));
    }

    [Test]
    public async Task A_fork_goes_its_own_way_over_the_same_pages()
    {
        using var fixture = new EngineFixture();
        var trunk = new Sequence();
        var list = new TokenList();
        fixture.Ask(SchedulerTests.Prompt(0, 70), 10, list, trunk, keepsPages: true);
        await list.End.WaitAsync(Patience);
        int[] before = trunk.Tokens.ToArray();
        int rows = fixture.Executor.Device.Rows;
        Sequence fork = await fixture.Engine.InvokeAsync((_, pool) =>
        {
            var copy = new Sequence(trunk.Tokens.ToArray(), int.MaxValue);
            pool.Fork(trunk, copy);
            return copy;
        });
        (TokenList left, TokenList right) = (new TokenList(), new TokenList());
        fixture.Ask([1], 10, left, trunk);
        fixture.Ask([2], 10, right, fork);
        await Task.WhenAll(left.End, right.End).WaitAsync(Patience);
        Assert.That(left.Tokens, Is.EqualTo(EngineFixture.Alone([.. before, 1], 10)));
        Assert.That(right.Tokens, Is.EqualTo(EngineFixture.Alone([.. before, 2], 10)));
        Assert.That(fixture.Executor.Device.Rows - rows, Is.LessThanOrEqualTo(2 * 13));
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public async Task A_step_that_cannot_be_submitted_fails_those_in_it()
    {
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRunning = 2 });
        using var begin = new ManualResetEventSlim();
        bool failed = false;
        fixture.Executor.Submitting = step =>
        {
            begin.Wait(Patience);
            if (step == 5 && !failed)
            {
                failed = true;
                throw new InsufficientMemoryException();
            }
        };
        TokenList[] lists = [.. Enumerable.Range(0, 4).Select(_ => new TokenList())];
        for (int i = 0; i < 4; i++)
        {
            fixture.Ask([i], 20, lists[i]);
        }

        begin.Set();
        await Task.WhenAll(lists.Select(list => list.End.ContinueWith(_ => { }, TaskScheduler.Default))).WaitAsync(Patience);
        Assert.That(lists[..2].Select(list => list.End.Exception?.InnerException), Has.All.InstanceOf<InsufficientMemoryException>());
        Assert.That(lists[2].Tokens, Is.EqualTo(EngineFixture.Alone([2], 20)));
        Assert.That(lists[3].Tokens, Is.EqualTo(EngineFixture.Alone([3], 20)));
        Assert.That(fixture.HeldPages(), Is.Zero);
    }

    [Test]
    public void More_requests_than_may_wait_are_refused()
    {
        using var fixture = new EngineFixture(options: new SchedulerOptions { MaxRunning = 1, MaxWaiting = 3 });
        TokenList[] lists = [.. Enumerable.Range(0, 20).Select(_ => new TokenList())];
        using var begin = new ManualResetEventSlim();
        fixture.Executor.Submitting = _ => begin.Wait(Patience);
        Array.ForEach(lists, list => fixture.Ask([1], 30, list));
        begin.Set();
        Assert.That(() => lists.Count(list => list.End.IsCompleted), Is.EqualTo(20).After(60_000, 10));

        // Three wait, and one runs where the engine found it before the others came.
        Assert.That(lists.Count(list => list.End.Exception?.InnerException is QueueFullException), Is.InRange(16, 17));
    }

    [Test]
    public async Task The_engine_ends_from_any_thread_at_any_moment([Values(0, 1, 3, 10, 40)] int milliseconds)
    {
        var fixture = new EngineFixture { Executor = { StepTime = TimeSpan.FromMilliseconds(1) } };
        TokenList[] lists = [.. Enumerable.Range(0, 20).Select(
            i => new TokenList { OnToken = _ => i % 4 == 0 ? Reception.Wait : Reception.GoOn })];
        foreach ((int i, TokenList list) in lists.Index())
        {
            fixture.Ask([i, 1], null, list);
        }

        await Task.Delay(milliseconds);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Task.Run(() =>
        {
            if (i == 0)
            {
                return fixture.Engine.DisposeAsync().AsTask();
            }

            fixture.Engine.Dispose();
            return Task.CompletedTask;
        }))).WaitAsync(Patience);
        foreach (TokenList list in lists)
        {
            Assert.That(list.End.IsCompleted, Is.True);
            Assert.That(list.End.Exception?.InnerException, Is.InstanceOf<ObjectDisposedException>());
        }

        Assert.That(fixture.Executor.Disposals, Is.EqualTo(1));
        Assert.That(() => fixture.Ask([1], 1, new TokenList()), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => fixture.Engine.InvokeAsync((_, _) => 1), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task What_is_asked_behind_a_cancelled_request_ends_with_the_engine()
    {
        using var fixture = new EngineFixture();
        using var reached = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        fixture.Executor.Completing = () =>
        {
            reached.Set();
            goOn.Wait();
        };
        var sequence = new Sequence();
        (TokenList first, TokenList second) = (new TokenList(), new TokenList());
        EngineRequest request = fixture.Ask([1, 2, 3], 2000, first, sequence, keepsPages: true);
        Assert.That(reached.Wait(Patience), Is.True);
        fixture.Engine.Cancel(request);
        fixture.Ask([4], 5, second, sequence, keepsPages: true);
        Task end = fixture.Engine.DisposeAsync().AsTask();
        goOn.Set();
        await end.WaitAsync(Patience);
        Assert.That(() => first.End, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => second.End, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_step_allocates_nothing_on_the_managed_heap()
    {
        using var executor = new LeanExecutor();
        using var engine = new ModelEngine(
            new SchedulerOptions(), new KvPool([new CacheGroup(0)], 4096), executor);
        CountingReceiver[] receivers = [.. Enumerable.Range(0, 8).Select(_ => new CountingReceiver())];
        foreach (CountingReceiver receiver in receivers)
        {
            engine.Start(new EngineRequest(new Sequence(), receiver)
            {
                Prompt = new[] { 1, 2, 3 },
                MaxTokens = 3000,
                ContextLength = 8192,
                Selection = EngineFixture.Greedy,
            });
        }

        // One that begins allocates: all do before the first step ends.
        executor.AllAsked.Set();
        await Task.WhenAll(receivers.Select(receiver => receiver.End)).WaitAsync(Patience);

        TestContext.Out.WriteLine($"{executor.Allocating} of {executor.Measured} steps allocated");
        Assert.That(executor.Measured, Is.GreaterThan(1000));
        Assert.That(executor.Allocating, Is.Zero);
    }

    private static Reception Cancel(CancellationTokenSource source)
    {
        source.Cancel();
        return Reception.GoOn;
    }

    private static async Task<(string Text, GenerationUpdate Last)> ReadAll(AnswerStream stream)
    {
        var text = new StringBuilder();
        GenerationUpdate? last = null;
        while (await stream.NextAsync().AsTask().WaitAsync(Patience) is { } update)
        {
            text.Append(update.Text);
            last = update;
        }

        return (text.ToString(), last!);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(EngineFixture fixture)
    {
        AnswerStream stream = fixture.Answer([1, 2, 3], new GenerationOptions { IgnoreEndOfText = true }, queueLimit: 2);
        Assert.That(stream.NextAsync().AsTask().Wait(Patience), Is.True);
        Assert.That(fixture.HeldPages(), Is.Positive);
        GC.KeepAlive(stream);
    }

    private sealed class CountingReceiver : ITokenReceiver
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task End => _end.Task;

        public void Begin(int cachedTokens)
        {
        }

        public Reception Accept(int token, TokenLogProbabilities? logProbabilities) => Reception.GoOn;

        void ITokenReceiver.End(FinishReason reason) => _end.SetResult();

        public void Fail(Exception exception) => _end.SetException(exception);
    }

    /// <summary>
    /// Chooses token 1 for everybody, and measures what the loop allocates between steps. Steps near the boundary of a page do not count:
    /// full pages enter the index of prefixes, which keeps their tokens, and lists double where pages begin.
    /// </summary>
    private sealed class LeanExecutor : IExecutor
    {
        private readonly Queue<(int Rows, ulong Wants)> _underWay = new();
        private long _last;
        private int _steps;
        private int _sinceBoundary;

        public ManualResetEventSlim AllAsked { get; } = new();

        public int Allocating { get; private set; }

        public int Measured { get; private set; }

        public void Submit(StepPlan plan)
        {
            AllAsked.Wait(Patience);
            long now = GC.GetAllocatedBytesForCurrentThread();
            ulong wants = 0;
            bool atBoundary = false;
            for (int i = 0; i < plan.Rows.Count; i++)
            {
                StepRows rows = plan.Rows[i];
                wants |= rows.WantsLogits ? 1UL << i : 0;
                atBoundary |= (rows.First + rows.Count) % KvPool.PageTokens <= 1;
            }

            // What a step brings about is delivered while the one after the next is planned.
            _sinceBoundary = atBoundary ? 0 : _sinceBoundary + 1;
            if (_steps++ > 200 && _sinceBoundary > 2)
            {
                Allocating += now > _last ? 1 : 0;
                Measured++;
            }

            _underWay.Enqueue((plan.Rows.Count, wants));
            _last = GC.GetAllocatedBytesForCurrentThread();
        }

        public void Complete(StepOutcome outcome)
        {
            (int rows, ulong wants) = _underWay.Dequeue();
            for (int i = 0; i < rows; i++)
            {
                outcome.Add();
                if ((wants >> i & 1) != 0)
                {
                    outcome.AddToken(1);
                }
            }
        }

        public void Release(Sequence sequence, bool keeps)
        {
        }

        public string? FindNotFinite(Sequence sequence) => null;

        public void Dispose() => AllAsked.Dispose();
    }
}

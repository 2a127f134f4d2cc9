using System.Collections.Concurrent;

namespace VkInfer.Tests.Lifetimes;

/// <summary>One model, some things made of it, threads that use them, and one that disposes all of them at random moments.</summary>
internal sealed class StressRound : IDisposable
{
    private const int Patience = 60_000;
    private const int Users = 5;

    private readonly ModelOptions _options;
    private readonly Random _random;
    private readonly string _name;
    private readonly ConcurrentBag<string> _outcomes = [];
    private readonly ConcurrentBag<IDisposable> _things = [];
    private readonly CancellationTokenSource _cancelled = new();
    private readonly Model _model;
    private readonly Session[] _sessions;
    private readonly SessionBatch _batch;
    private readonly ChatSession _chat;
    private int _steps;

    public StressRound(ModelOptions options, Random random, string name)
    {
        _options = options;
        _random = random;
        _name = name;
        _model = Model.LoadDefault(options);
        _sessions = [.. Enumerable.Range(0, 3).Select(_ => _model.CreateSession(new SessionOptions { Capacity = 128 }))];
        Array.ForEach(_sessions, session => session.Append(Tokens(random, 3)));
        _batch = _model.CreateBatch(_sessions[1], _sessions[2]);
        _chat = new ChatSession(_model);
        Array.ForEach<IDisposable>([_model, .. _sessions, _batch, _chat], _things.Add);
    }

    /// <summary>What came of each piece of work.</summary>
    public IEnumerable<string> Run()
    {
        using var start = new Barrier(Users + 1);
        Task[] users = [.. Enumerable.Range(0, Users).Select(_ => Start(new Random(_random.Next()), start))];
        start.SignalAndWait();
        WaitForSteps(_random.Next(80));
        if (_random.Next(3) == 0)
        {
            _cancelled.Cancel();
        }

        IDisposable[] once = [.. _things];
        IDisposable[] things = [.. once, .. once];
        _random.Shuffle(things);
        Assert.That(Task.Run(() => Array.ForEach(things, DisposeSomehow)).Wait(Patience), $"{_name}: disposal hangs");
        Assert.That(Task.WaitAll(users, Patience), $"{_name}: a user hangs");
        foreach (IDisposable thing in _things)
        {
            Assert.That(Task.Run(thing.Dispose).Wait(Patience), $"{_name}: disposal hangs");
        }

        return _outcomes;
    }

    public void Dispose()
    {
        _chat.Dispose();
        _cancelled.Dispose();
    }

    private void DisposeSomehow(IDisposable thing)
    {
        WaitForSteps(_random.Next(6));
        switch (_random.Next(3))
        {
            case 0:
                ((IAsyncDisposable)thing).DisposeAsync().AsTask().Wait();
                break;
            case 1:
                Parallel.Invoke(thing.Dispose, thing.Dispose);
                break;
            default:
                thing.Dispose();
                break;
        }
    }

    private Task Start(Random random, Barrier start) => Task.Factory.StartNew(
        () =>
        {
            start.SignalAndWait();
            for (int refused = 0; refused < 4;)
            {
                (string name, Action<Random> work) = Pick(random);
                string outcome = Outcome(() => work(random));
                _outcomes.Add($"{name}: {outcome}");
                refused = outcome == nameof(ObjectDisposedException) ? refused + 1 : 0;
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private (string Name, Action<Random> Work) Pick(Random random) => random.Next(9) switch
    {
        0 => ("load", Load),
        1 => ("prompt", Prompt),
        2 => ("decode", Decode),
        3 => ("batch", StepBatch),
        4 => ("stream", Stream),
        5 => ("chat", Chat),
        6 => ("logits", Logits),
        7 => ("fork", Fork),
        _ => ("create", Create),
    };

    private void Load(Random random)
    {
        using var cancel = new CancellationTokenSource(random.Next(1, 150));
        using Model model = Model.LoadDefault(_options, new Disposer(this, random), cancel.Token);
        using Session session = model.CreateSession(new SessionOptions { Capacity = 64 });
        session.Append(Tokens(random, 5), cancel.Token);
    }

    private void Prompt(Random random)
    {
        Session session = Any(random);
        session.Truncate(1);
        session.Append(Tokens(random, random.Next(1, 120)), _cancelled.Token);
        Step();
    }

    private void Decode(Random random)
    {
        Session session = Any(random);
        for (int i = 0; i < 8; i++)
        {
            session.NextToken(random.Next(2) == 0 ? SamplingOptions.Greedy : null, _cancelled.Token);
            Step();
        }
    }

    private void StepBatch(Random random)
    {
        int[] tokens = new int[2];
        for (int i = 0; i < 6; i++)
        {
            _batch.NextTokens(tokens, SamplingOptions.Greedy, _cancelled.Token);
            Step();
        }
    }

    private void Stream(Random random) =>
        Read(Any(random).GenerateAsync(Tokens(random, 4), Answer(random), _cancelled.Token), random).Wait(Patience);

    private void Chat(Random random) =>
        Read(_chat.SendAsync("Hello, little fox.", Answer(random), _cancelled.Token), random).Wait(Patience);

    private void Logits(Random random)
    {
        using Session session = _model.CreateSession(new SessionOptions { Capacity = 128 });
        int last = random.Next(300);
        session.ComputeLogits(Tokens(random, 100), (index, _) =>
        {
            Step();
            if (index == last)
            {
                (random.Next(8) == 0 ? (IDisposable)_model : session).Dispose();
            }
        }, _cancelled.Token);
    }

    private void Fork(Random random)
    {
        using Session fork = Any(random).Fork();
        fork.NextToken(SamplingOptions.Greedy, _cancelled.Token);
    }

    private void Create(Random random)
    {
        Session session = _model.CreateSession(new SessionOptions { Capacity = 64 });
        _things.Add(session);
        session.Append(Tokens(random, 10), _cancelled.Token);
        _things.Add(_model.CreateBatch(session));
    }

    /// <summary>Reads to the end, stops in the midst, or drops the enumerator.</summary>
    private async Task Read(IAsyncEnumerable<GenerationUpdate> stream, Random random)
    {
        IAsyncEnumerator<GenerationUpdate> updates = stream.GetAsyncEnumerator();
        bool drop = random.Next(3) == 0;
        int most = random.Next(1, 12);
        try
        {
            for (int i = 0; i < most && await updates.MoveNextAsync(); i++)
            {
                Step();
            }
        }
        finally
        {
            if (!drop)
            {
                await updates.DisposeAsync();
            }
        }
    }

    private static GenerationOptions Answer(Random random) =>
        new() { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true, MaxTokens = random.Next(1, 10) };

    private static int[] Tokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(300, 400))];

    private void Step() => Interlocked.Increment(ref _steps);

    /// <summary>
    /// Moments are counted in steps of work, so that they are of the same kind on every machine; nobody need be left to take any.
    /// </summary>
    private void WaitForSteps(int count)
    {
        int until = Volatile.Read(ref _steps) + count;
        for (int i = 0; i < 50 && Volatile.Read(ref _steps) < until; i++)
        {
            Thread.Sleep(1);
        }
    }

    private Session Any(Random random) => _sessions[random.Next(_sessions.Length)];

    /// <summary>Fails for whatever a user has no reason to expect.</summary>
    private string Outcome(Action work)
    {
        try
        {
            work();
            return "done";
        }
        catch (Exception exception)
        {
            Exception inner = exception is AggregateException { InnerException: { } one } ? one : exception;
            bool expected = inner is ObjectDisposedException or OperationCanceledException or ContextLengthExceededException
                || (inner.GetType() == typeof(InvalidOperationException) && IsRefusal(inner.Message));
            if (!expected)
            {
                throw new InvalidDataException($"{_name}: {inner}", inner);
            }

            return inner is OperationCanceledException ? nameof(OperationCanceledException) : inner.GetType().Name;
        }
    }

    private static bool IsRefusal(string message) =>
        new[]
        {
            "The session is in use", "The session is empty", "The session went on", "The conversation went on",
            "An update of another answer",
        }
            .Any(refusal => message.StartsWith(refusal, StringComparison.Ordinal));

    /// <summary>A progress that disposes other things now and then.</summary>
    private sealed class Disposer(StressRound round, Random random) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            round.Step();
            if (random.Next(200) == 0)
            {
                round._batch.Dispose();
            }
        }
    }
}

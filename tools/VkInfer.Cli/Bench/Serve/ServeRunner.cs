using System.Diagnostics;
using VkInfer.Engine;
using VkInfer.Engine.Speculation;

namespace VkInfer.Cli.Bench.Serve;

/// <summary>Asks a model's engine as a crowd of callers does, and takes the times.</summary>
/// <param name="model">The model.</param>
/// <param name="seed">Seed of arrivals.</param>
internal sealed class ServeRunner(Model model, int seed)
{
    private readonly SessionEngine _engine = model.EngineFor(model.Options.KvType, null, model.Options.Linear);

    /// <summary>Called when a request has ended with how many have, of one run after the other; from any thread.</summary>
    public Action<int>? Ended { get; set; }

    /// <summary>Forgets prompts of earlier runs, which later ones would find computed.</summary>
    public Task ForgetAsync() => _engine.Engine.InvokeAsync((_, pool) =>
    {
        pool.ForgetPrefixes();
        return true;
    });

    /// <summary>So many requests at a time: as one ends, the next begins.</summary>
    /// <param name="requests">What is asked, in this order.</param>
    /// <param name="concurrency">How many at a time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ServeResult> RunAsync(IReadOnlyList<ServeRequest> requests, int concurrency, CancellationToken cancellationToken)
    {
        (int next, int ended) = (-1, 0);
        var served = new ServedRequest[requests.Count];
        await BeginAsync().ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < requests.Count; i = Interlocked.Increment(ref next))
            {
                served[i] = Ask(requests[i], cancellationToken);
                await served[i].End.ConfigureAwait(false);
                Ended?.Invoke(Interlocked.Increment(ref ended));
            }
        })).ConfigureAwait(false);
        return await ResultAsync(served, started, concurrency, null).ConfigureAwait(false);
    }

    /// <summary>Requests that arrive at random moments, whatever has become of those before.</summary>
    /// <param name="requests">What is asked, in this order.</param>
    /// <param name="rate">How many a second, on average: a Poisson process.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ServeResult> RunAtAsync(IReadOnlyList<ServeRequest> requests, double rate, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var served = new ServedRequest[requests.Count];
        await BeginAsync().ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        double at = 0;
        int ended = 0;
        async Task EndAsync(ServedRequest request)
        {
            await request.End.ConfigureAwait(false);
            Ended?.Invoke(Interlocked.Increment(ref ended));
        }

        var ends = new Task[requests.Count];
        for (int i = 0; i < requests.Count; i++)
        {
            TimeSpan wait = TimeSpan.FromSeconds(at) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
            }

            served[i] = Ask(requests[i], cancellationToken);
            ends[i] = EndAsync(served[i]);
            at -= Math.Log(1 - random.NextDouble()) / rate;
        }

        await Task.WhenAll(ends).ConfigureAwait(false);
        return await ResultAsync(served, started, null, rate).ConfigureAwait(false);
    }

    private ServedRequest Ask(ServeRequest request, CancellationToken cancellationToken)
    {
        var served = new ServedRequest(request.Tokens) { Asked = Stopwatch.GetTimestamp() };
        Drafter? drafter = model.CreateDrafter();
        _engine.Engine.Start(new EngineRequest(served.Sequence, served)
        {
            Prompt = request.Prompt,
            MaxTokens = request.Tokens,
            ContextLength = model.ContextLength,
            Selection = model.Select(SamplingOptions.Greedy, 0, 0, masked: false),
            Speculator = drafter is null ? null : new Speculator(),
            Drafter = drafter,
            Cancellation = cancellationToken,
        });
        return served;
    }

    private Task<bool> BeginAsync() => _engine.Engine.InvokeAsync((_, pool) =>
    {
        pool.RestartMost();
        return true;
    });

    private async Task<ServeResult> ResultAsync(ServedRequest[] served, long started, int? concurrency, double? rate)
    {
        double seconds = Stopwatch.GetElapsedTime(started, served.Max(one => one.Last)).TotalSeconds;
        int most = await _engine.Engine.InvokeAsync((_, pool) => pool.MostHeld).ConfigureAwait(false);
        return new ServeResult(
            concurrency, rate, served.Length, served.Sum(one => one.Tokens) / seconds, served.Length / seconds,
            Percentiles.Of(served.Select(one => one.FirstToken)), Percentiles.Of(served.SelectMany(one => one.Gaps)),
            served.Sum(one => (long)one.Cached), served.Sum(one => one.Sequence.Preemptions), most);
    }
}

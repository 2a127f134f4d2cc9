using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Vulkan;

namespace VkInfer.Engine;

/// <summary>
/// Serves any number of requests on one model: takes them over between two steps, plans, submits, and hands tokens to receivers, with two
/// steps under way. One thread does so while there is something to do, and ends when there is not. Thread-safe. Owns the executor.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread; requests then fail with <see cref="ObjectDisposedException"/>. No user's code runs on
/// the engine's thread, and what goes wrong with one request, ends that request.
/// </remarks>
internal sealed class ModelEngine : IDisposable, IAsyncDisposable
{
    // The next request often comes at once; a thread costs more than this wait.
    private static readonly TimeSpan IdleTime = TimeSpan.FromMilliseconds(50);

    private readonly object _gate = new();
    private readonly EngineLoop _loop;
    private readonly Lifetime _lifetime;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly EngineInbox _inbox = new();
    private bool _hasThread;
    private bool _isWoken;

    /// <param name="options">What bounds the scheduler.</param>
    /// <param name="pool">The pages; the engine's from now on.</param>
    /// <param name="executor">The device; the engine's from now on.</param>
    /// <param name="clock">Of deadlines; null: the system's.</param>
    /// <param name="owners">Lifetimes that end the engine with themselves.</param>
    public ModelEngine(
        SchedulerOptions options, KvPool pool, IExecutor executor, TimeProvider? clock = null, params ReadOnlySpan<Lifetime> owners)
        : this(options, pool, executor, new EngineCounts(), clock, owners)
    {
    }

    /// <param name="options">What bounds the scheduler.</param>
    /// <param name="pool">The pages; the engine's from now on.</param>
    /// <param name="executor">The device; the engine's from now on.</param>
    /// <param name="counts">Kept up to date by the engine.</param>
    /// <param name="clock">Of deadlines; null: the system's.</param>
    /// <param name="owners">Lifetimes that end the engine with themselves.</param>
    public ModelEngine(
        SchedulerOptions options, KvPool pool, IExecutor executor, EngineCounts counts, TimeProvider? clock,
        params ReadOnlySpan<Lifetime> owners)
    {
        _clock = clock ?? TimeProvider.System;
        _loop = new EngineLoop(this, options, pool, executor, _clock, counts);
        _timer = _clock.CreateTimer(
            static engine => ((ModelEngine)engine!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _lifetime = new Lifetime("Engine", Free, owners);
        _lifetime.Closing.UnsafeRegister(static engine => ((ModelEngine)engine!).Wake(), this);
    }

    /// <summary>Ends with the engine.</summary>
    public Lifetime Lifetime => _lifetime;

    /// <summary>Threads that serve the engine now: one or none.</summary>
    internal int ThreadCount
    {
        get
        {
            lock (_gate)
            {
                return _hasThread ? 1 : 0;
            }
        }
    }

    /// <summary>Takes a request in. All that it comes to, its receiver learns.</summary>
    /// <exception cref="ObjectDisposedException">The engine's end has begun.</exception>
    public void Start(EngineRequest request)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        Signal(request, EngineSignals.Started);
    }

    /// <summary>Takes requests in together: they begin in one step where there is room.</summary>
    /// <exception cref="ObjectDisposedException">The engine's end has begun.</exception>
    public void Start(ReadOnlySpan<EngineRequest> requests)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        Signal(requests, EngineSignals.Started);
    }

    /// <summary>Lets requests go on together whose receivers waited.</summary>
    public void Resume(ReadOnlySpan<EngineRequest> requests) => Signal(requests, EngineSignals.Resumed);

    /// <summary>Ends a request, unless it has ended: its receiver gets <see cref="OperationCanceledException"/>.</summary>
    public void Cancel(EngineRequest request) => Signal(request, EngineSignals.Cancelled);

    /// <summary>Lets a request go on whose receiver waited.</summary>
    public void Resume(EngineRequest request) => Signal(request, EngineSignals.Resumed);

    /// <summary>Runs a function between two steps, where nobody else uses sequences, scheduler and pool.</summary>
    /// <exception cref="ObjectDisposedException">The engine's end has begun, or began before the function ran.</exception>
    public Task<T> InvokeAsync<T>(Func<Scheduler, KvPool, T> function)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        lock (_gate)
        {
            Task<T> result = _inbox.Add(() => _loop.Invoke(function), _lifetime);
            WakeLocked();
            return result;
        }
    }

    /// <summary>Ends all requests, waits for the steps under way, and frees the executor.</summary>
    public void Dispose() => _lifetime.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    public ValueTask DisposeAsync() => _lifetime.DisposeAsync();

    /// <summary>Has the caller's token cancel the request.</summary>
    internal void Watch(EngineRequest request)
    {
        if (request.Cancellation.CanBeCanceled)
        {
            request.CancellationRegistration = request.Cancellation.UnsafeRegister(
                static state =>
                {
                    (ModelEngine engine, EngineRequest cancelled) = ((ModelEngine, EngineRequest))state!;
                    engine.Cancel(cancelled);
                },
                (this, request));
        }
    }

    /// <summary>Tells the loop what happened to a request. After the engine's end without effect.</summary>
    internal void Signal(EngineRequest request, EngineSignals signals) =>
        Signal(new ReadOnlySpan<EngineRequest>(in request), signals);

    private void Signal(ReadOnlySpan<EngineRequest> requests, EngineSignals signals)
    {
        lock (_gate)
        {
            _inbox.Add(requests, signals);
            WakeLocked();
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            _isWoken = true;
            WakeLocked();
        }
    }

    private void WakeLocked()
    {
        if (_hasThread)
        {
            Monitor.Pulse(_gate);
        }
        else if (!_lifetime.IsClosed)
        {
            _hasThread = true;
            new Thread(Run) { IsBackground = true, Name = "VkInfer engine" }.UnsafeStart();
        }
    }

    private void Run()
    {
        if (!_lifetime.TryEnter())
        {
            // What ends the engine ends its requests.
            lock (_gate)
            {
                _hasThread = false;
            }

            return;
        }

        try
        {
            bool busy = true;
            while (TakeSignals(busy))
            {
                busy = Serve();
            }
        }
        finally
        {
            _lifetime.Exit();
        }
    }

    /// <summary>One turn of the loop.</summary>
    /// <returns>Whether there is more to do.</returns>
    private bool Serve()
    {
        try
        {
            foreach (EngineRequest request in _inbox.TakenRequests)
            {
                _loop.Requests.Handle(request, TakeSignals(request));
            }

            foreach (Action call in _inbox.TakenCalls)
            {
                call();
            }

            return _loop.Step();
        }
#pragma warning disable CA1031 // A fault of ours: nobody may wait for ever.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _loop.Requests.FailAll(exception);
            return false;
        }
        finally
        {
            _inbox.ClearTaken();
        }
    }

    private EngineSignals TakeSignals(EngineRequest request)
    {
        lock (_gate)
        {
            EngineSignals signals = request.Signals;
            request.Signals = EngineSignals.None;
            return signals;
        }
    }

    /// <summary>Waits for something to do, and takes what was asked for.</summary>
    /// <param name="busy">Whether there is something to do anyway.</param>
    /// <returns>False: the thread is to end.</returns>
    private bool TakeSignals(bool busy)
    {
        lock (_gate)
        {
            while (!busy && !_isWoken && _inbox.IsEmpty && !_lifetime.IsClosed)
            {
                TimeSpan? deadline = _loop.Requests.UntilNextDeadline();
                bool isNear = deadline < IdleTime;
                if (!Monitor.Wait(_gate, isNear ? deadline!.Value : IdleTime) && !_isWoken && _inbox.IsEmpty)
                {
                    if (!isNear)
                    {
                        return Leave();
                    }

                    busy = true;
                }
            }

            if (_lifetime.IsClosed)
            {
                return Leave();
            }

            _isWoken = false;
            _inbox.Take();
            return true;
        }
    }

    /// <summary>The thread ends; who wakes the engine later starts another.</summary>
    private bool Leave()
    {
        _hasThread = false;
        if (!_lifetime.IsClosed && _loop.Requests.UntilNextDeadline() is { } time)
        {
            _timer.Change(time, Timeout.InfiniteTimeSpan);
        }

        return false;
    }

    /// <summary>No thread is left: requests end, and the device.</summary>
    private void Free()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _inbox.Take();
        }

        foreach (EngineRequest request in _inbox.TakenRequests)
        {
            _loop.Requests.Handle(request, TakeSignals(request) & EngineSignals.HeardAtEnd);
        }

        _inbox.TakenCalls.ForEach(static call => call());
        _loop.Requests.FailAll(_lifetime.Disposed());
        _loop.Dispose();
    }
}

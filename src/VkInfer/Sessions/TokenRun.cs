using System.Runtime.ExceptionServices;
using VkInfer.Embeddings;
using VkInfer.Engine.Answers;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Tokens of a request that a caller asks for one by one. The engine may be some tokens ahead; then it lets the sequence wait. One caller
/// at a time. Allocates nothing once made.
/// </summary>
internal sealed class TokenRun : ITokenReceiver
{
    private readonly object _gate = new();
    private readonly Queue<int> _tokens = new(8);
    private readonly bool _isSingle;
    private int _limit = 1;
    private bool _waits;
    private bool _isOver;
    private Exception? _failure;

    /// <param name="isSingle">Whether the request is for one token: then its end is waited for, too.</param>
    public TokenRun(bool isSingle) => _isSingle = isSingle;

    /// <summary>Called once, by the engine, when the request has ended and nothing of it is planned any more.</summary>
    public Action? Ended { get; init; }

    /// <summary>Whether no token will come any more.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _isOver && _tokens.Count == 0;
            }
        }
    }

    /// <summary>Begins anew, after an end.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _tokens.Clear();
            (_waits, _isOver, _failure) = (false, false, null);
        }
    }

    /// <summary>Says how many tokens the engine may be ahead.</summary>
    /// <returns>Whether the sequence waits, and is to go on.</returns>
    public bool Ask(int limit)
    {
        lock (_gate)
        {
            _limit = limit;
            bool goesOn = _waits && _tokens.Count < limit;
            _waits &= !goesOn;
            return goesOn;
        }
    }

    /// <summary>Waits for a token, and leaves it there.</summary>
    /// <returns>False: the request has ended without one.</returns>
    public bool WaitForToken(Cancellation cancellation)
    {
        using CancellationTokenRegistration caller = WakeBy(cancellation.Caller);
        using CancellationTokenRegistration owner = WakeBy(cancellation.Owner?.Closing ?? default);
        lock (_gate)
        {
            while (!_isOver && (_tokens.Count == 0 || _isSingle))
            {
                cancellation.ThrowIfRequested();
                Monitor.Wait(_gate);
            }

            if (_tokens.Count == 0 && _failure is { } failure)
            {
                cancellation.ThrowIfRequested();
                ExceptionDispatchInfo.Throw(failure);
            }

            return _tokens.Count > 0;
        }
    }

    /// <summary>Takes a token that is there.</summary>
    public int Take()
    {
        lock (_gate)
        {
            return _tokens.Dequeue();
        }
    }

    public void Begin(int cachedTokens)
    {
    }

    public Reception Accept(int token, TokenLogProbabilities? logProbabilities)
    {
        lock (_gate)
        {
            _tokens.Enqueue(token);
            Monitor.PulseAll(_gate);
            _waits = !_isSingle && _tokens.Count >= _limit;
            return _waits ? Reception.Wait : Reception.GoOn;
        }
    }

    public void End(FinishReason reason) => Finish(reason == FinishReason.OutOfPages ? PromptEnd.OutOfPages() : null);

    public void Fail(Exception exception) => Finish(exception);

    private void Finish(Exception? failure)
    {
        lock (_gate)
        {
            (_isOver, _failure) = (true, failure);
            Monitor.PulseAll(_gate);
        }

        Ended?.Invoke();
    }

    private CancellationTokenRegistration WakeBy(CancellationToken token) => token.CanBeCanceled
        ? token.UnsafeRegister(
            static run =>
            {
                object gate = ((TokenRun)run!)._gate;
                lock (gate)
                {
                    Monitor.PulseAll(gate);
                }
            },
            this)
        : default;
}

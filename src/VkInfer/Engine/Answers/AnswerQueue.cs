using System.Threading.Channels;

namespace VkInfer.Engine.Answers;

/// <summary>
/// An answer on its way to a consumer who awaits it. When the queue is full, its own sequence waits, and nobody else.
/// The engine's loop writes, one consumer at a time reads. No thread belongs to it.
/// </summary>
internal sealed class AnswerQueue : ITokenReceiver
{
    private readonly Answer _answer;
    private readonly int _limit;
    private readonly ContextOverflow _overflow;
    private readonly Func<Exception> _overflowing;

    // Steps under way may add to it when it is full.
    private readonly Channel<GenerationUpdate> _updates = Channel.CreateUnbounded<GenerationUpdate>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private int _count;
    private int _waits;

    /// <param name="answer">Makes updates of tokens.</param>
    /// <param name="limit">Updates that wait for the consumer, at most; 1 or more.</param>
    /// <param name="overflow">What happens when the context is full.</param>
    /// <param name="overflowing">What is then thrown, where it is to be.</param>
    public AnswerQueue(Answer answer, int limit, ContextOverflow overflow, Func<Exception> overflowing)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _answer = answer;
        _limit = limit;
        _overflow = overflow;
        _overflowing = overflowing;
    }

    /// <summary>Called when there is room again, on the consumer's thread.</summary>
    public Action? Resume { get; set; }

    /// <summary>The next update; null after the last.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: the wait, or the request.</exception>
    public async ValueTask<GenerationUpdate?> ReadAsync(CancellationToken cancellationToken)
    {
        // Updates that are there do not come any more when nobody wants them.
        cancellationToken.ThrowIfCancellationRequested();
        GenerationUpdate? update;
        while (!_updates.Reader.TryRead(out update))
        {
            if (!await _updates.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }
        }

        // Half of it at once: going on costs more than a token.
        if (Interlocked.Decrement(ref _count) <= _limit / 2 && Interlocked.Exchange(ref _waits, 0) == 1)
        {
            Resume?.Invoke();
        }

        return update;
    }

    public void Begin(int cachedTokens) => _answer.Begin(cachedTokens);

    public void Verified(int drafted, int accepted) => _answer.Verified(drafted, accepted);

    public Reception Accept(int token, TokenLogProbabilities? logProbabilities)
    {
        bool full = Write(_answer.Accept(token, logProbabilities));
        if (_answer.Reason is not null)
        {
            _updates.Writer.TryComplete();
            return Reception.Ended;
        }

        if (!full)
        {
            return Reception.GoOn;
        }

        Interlocked.Exchange(ref _waits, 1);

        // The consumer may have read all of it just before.
        return Volatile.Read(ref _count) <= _limit / 2 && Interlocked.Exchange(ref _waits, 0) == 1 ? Reception.GoOn : Reception.Wait;
    }

    public void End(FinishReason reason)
    {
        if (reason == FinishReason.ContextFull && _overflow == ContextOverflow.Error)
        {
            Fail(_overflowing());
            return;
        }

        Write(_answer.End(reason));
        _updates.Writer.TryComplete();
    }

    public void Fail(Exception exception) => _updates.Writer.TryComplete(exception);

    /// <returns>Whether it is full.</returns>
    private bool Write(GenerationUpdate update)
    {
        int count = Interlocked.Increment(ref _count);
        _updates.Writer.TryWrite(update);
        return count >= _limit;
    }
}

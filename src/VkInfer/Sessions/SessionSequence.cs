using VkInfer.Engine;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer;

/// <summary>
/// What a session has in its engine: its sequence, and the request that was asked last. The session's lifetime frees it, and so it does not
/// know the session.
/// </summary>
/// <param name="engine">The engine.</param>
internal sealed class SessionSequence(SessionEngine engine)
{
    private EngineRequest? _request;

    /// <summary>The engine's; used by its loop alone while a request is under way.</summary>
    public Sequence Sequence { get; } = new();

    /// <summary>Takes note of a request that is about to start.</summary>
    public void Starting(EngineRequest request) => Volatile.Write(ref _request, request);

    /// <summary>Ends the request that was asked last, unless it has ended. What is asked next comes behind its end.</summary>
    public void Cancel()
    {
        if (Volatile.Read(ref _request) is { } request)
        {
            engine.Engine.Cancel(request);
        }
    }

    /// <summary>Drops tokens; on the loop.</summary>
    public bool Truncate(Scheduler scheduler, int length)
    {
        if (length < Sequence.Tokens.Length)
        {
            scheduler.Truncate(Sequence, length);
        }

        return true;
    }

    /// <summary>Shares tokens and pages with a sequence that has none; on the loop.</summary>
    public bool Fork(Scheduler scheduler, KvPool pool, SessionSequence fork, int length)
    {
        Truncate(scheduler, length);
        fork.Sequence.AddPrompt(Sequence.Tokens);
        pool.Fork(Sequence, fork.Sequence);
        scheduler.Remove(fork.Sequence, keepPages: true);
        return true;
    }

    /// <summary>Gives all back.</summary>
    public void Free()
    {
        Cancel();
        try
        {
            engine.FreeAsync(Sequence).GetAwaiter().GetResult();
        }
        catch (ObjectDisposedException)
        {
            // The engine has freed everything.
        }
    }
}

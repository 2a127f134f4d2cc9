using VkInfer.Vulkan;

namespace VkInfer.Engine;

/// <summary>
/// What was asked of an engine since its loop last looked. The engine's lock guards it, but for what was taken: that is the loop's.
/// </summary>
internal sealed class EngineInbox
{
    private List<EngineRequest> _signalled = [];
    private List<Action> _calls = [];

    /// <summary>Whether nothing was asked.</summary>
    public bool IsEmpty => _signalled.Count == 0 && _calls.Count == 0;

    /// <summary>Requests with signals, as they were taken.</summary>
    public List<EngineRequest> TakenRequests { get; private set; } = [];

    /// <summary>Calls, as they were taken.</summary>
    public List<Action> TakenCalls { get; private set; } = [];

    /// <summary>Adds something that happened to requests.</summary>
    public void Add(ReadOnlySpan<EngineRequest> requests, EngineSignals signals)
    {
        foreach (EngineRequest request in requests)
        {
            if (request.Signals == EngineSignals.None)
            {
                _signalled.Add(request);
            }

            request.Signals |= signals;
        }
    }

    /// <summary>Adds a call of the loop.</summary>
    /// <param name="function">Called by the loop.</param>
    /// <param name="lifetime">The engine's: where it is over, nothing is called.</param>
    /// <returns>What the function returns, or what it throws.</returns>
    public Task<T> Add<T>(Func<T> function, Lifetime lifetime)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls.Add(() => Call(function, result, lifetime));
        return result.Task;
    }

    /// <summary>Hands all of it to the loop, when that is done with what it took before.</summary>
    public void Take()
    {
        (_signalled, TakenRequests) = (TakenRequests, _signalled);
        (_calls, TakenCalls) = (TakenCalls, _calls);
    }

    /// <summary>Forgets what was taken.</summary>
    public void ClearTaken()
    {
        TakenRequests.Clear();
        TakenCalls.Clear();
    }

    private static void Call<T>(Func<T> function, TaskCompletionSource<T> result, Lifetime lifetime)
    {
        if (lifetime.IsClosed)
        {
            result.SetException(lifetime.Disposed());
            return;
        }

        try
        {
            result.SetResult(function());
        }
#pragma warning disable CA1031 // What goes wrong is the caller's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            result.SetException(exception);
        }
    }
}

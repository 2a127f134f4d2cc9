using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Chat;

/// <summary>An answer that is being given. It goes on when nobody watches. Thread-safe.</summary>
public sealed class RunningAnswer : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ChatResponseUpdate> _updates = [];
    private readonly Lock _lock = new();

    /// <summary>Cancelled when the user stops the answer.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Ends the answer; what has come is kept.</summary>
    public void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Takes what came.</summary>
    public void Add(ChatResponseUpdate update)
    {
        lock (_lock)
        {
            _updates.Add(update);
        }
    }

    /// <summary>The messages so far: one, or several where tools were called.</summary>
    public IReadOnlyList<ChatMessage> Messages()
    {
        lock (_lock)
        {
            return [.. _updates.ToChatResponse().Messages.Where(message => message.Contents.Count > 0)];
        }
    }

    /// <summary>What the runtime says about tokens and times, once the answer has ended.</summary>
    public Usage? Usage()
    {
        lock (_lock)
        {
            return _updates.Select(update => (update.RawRepresentation as GenerationUpdate)?.Usage)
                .LastOrDefault(usage => usage is not null);
        }
    }

    /// <summary>Why the answer ended, once it has.</summary>
    public ChatFinishReason? FinishReason()
    {
        lock (_lock)
        {
            return _updates.Select(update => update.FinishReason).LastOrDefault(reason => reason is not null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}

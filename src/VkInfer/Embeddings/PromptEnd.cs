using VkInfer.Engine.Answers;

namespace VkInfer.Embeddings;

/// <summary>Awaits the end of a request that only processes its prompt.</summary>
internal sealed class PromptEnd : ITokenReceiver
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the prompt is processed.</summary>
    public Task Task => _end.Task;

    public void Begin(int cachedTokens)
    {
    }

    public Reception Accept(int token, TokenLogProbabilities? logProbabilities) => Reception.Ended;

    public void End(FinishReason reason)
    {
        if (reason == FinishReason.OutOfPages)
        {
            _end.TrySetException(OutOfPages());
            return;
        }

        _end.TrySetResult();
    }

    /// <summary>What a caller is told for whose text there are no pages.</summary>
    public static InvalidOperationException OutOfPages() => new("The memory of the KV cache does not hold the text.");

    public void Fail(Exception exception) => _end.TrySetException(exception);
}

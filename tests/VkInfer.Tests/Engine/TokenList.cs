using VkInfer.Engine.Answers;
using VkInfer.Grammar;

namespace VkInfer.Tests.Engine;

/// <summary>Takes tokens as they come, and sees to it that a request ends once.</summary>
internal sealed class TokenList : ITokenReceiver
{
    private readonly TaskCompletionSource<FinishReason?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int> _tokens = [];
    private int _cached = -1;

    /// <summary>Ends, or takes a pause, behind a token; given how many there are.</summary>
    public Func<int, Reception>? OnToken { get; init; }

    /// <summary>The reason of the engine, null for the receiver's own; or what went wrong.</summary>
    public Task<FinishReason?> End => _end.Task;

    public int[] Tokens
    {
        get
        {
            lock (_tokens)
            {
                return [.. _tokens];
            }
        }
    }

    public int Cached => _cached;

    /// <summary>Moves on with each token, and ends the request where it is complete; null: none does.</summary>
    public GrammarMatcher? Grammar { get; init; }

    public void Begin(int cachedTokens)
    {
        Assert.That(_cached, Is.EqualTo(-1), "it begins once");
        _cached = cachedTokens;
    }

    public int Drafted { get; private set; }

    public int Accepted { get; private set; }

    public void Verified(int drafted, int accepted)
    {
        Assert.That(accepted, Is.InRange(0, drafted));
        (Drafted, Accepted) = (Drafted + drafted, Accepted + accepted);
    }

    public Reception Accept(int token, TokenLogProbabilities? logProbabilities)
    {
        Assert.That(_end.Task.IsCompleted, Is.False, "a token behind the end");
        Assert.That(_cached, Is.Not.EqualTo(-1), "a token before the beginning");
        lock (_tokens)
        {
            _tokens.Add(token);
        }

        Grammar?.Accept(token);
        Reception reception = Grammar?.IsComplete == true ? Reception.Ended : OnToken?.Invoke(_tokens.Count) ?? Reception.GoOn;
        if (reception == Reception.Ended)
        {
            _end.SetResult(null);
        }

        return reception;
    }

    void ITokenReceiver.End(FinishReason reason) => _end.SetResult(reason);

    public void Fail(Exception exception) => _end.SetException(exception);
}

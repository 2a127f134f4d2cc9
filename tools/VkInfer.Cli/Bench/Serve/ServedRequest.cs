using System.Diagnostics;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;

namespace VkInfer.Cli.Bench.Serve;

/// <summary>Takes note of when the tokens of a request come.</summary>
internal sealed class ServedRequest : ITokenReceiver
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<long> _times;

    /// <param name="tokens">Tokens that will come.</param>
    public ServedRequest(int tokens) => _times = new List<long>(tokens);

    /// <summary>The engine's.</summary>
    public Sequence Sequence { get; } = new();

    /// <summary>When it was asked.</summary>
    public long Asked { get; set; }

    /// <summary>Tokens of its prompt that cost nothing.</summary>
    public int Cached { get; private set; }

    /// <summary>Completes with the last token, or fails.</summary>
    public Task End => _end.Task;

    /// <summary>Tokens that have come.</summary>
    public int Tokens => _times.Count;

    /// <summary>From the question to the first token, in milliseconds.</summary>
    public double FirstToken => Stopwatch.GetElapsedTime(Asked, _times[0]).TotalMilliseconds;

    /// <summary>When the last token came.</summary>
    public long Last => _times[^1];

    /// <summary>From each token to the next, in milliseconds.</summary>
    public IEnumerable<double> Gaps =>
        _times.Zip(_times.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds);

    public void Begin(int cachedTokens) => Cached = cachedTokens;

    public Reception Accept(int token, TokenLogProbabilities? logProbabilities)
    {
        _times.Add(Stopwatch.GetTimestamp());
        return Reception.GoOn;
    }

    void ITokenReceiver.End(FinishReason reason)
    {
        if (reason == FinishReason.MaxTokens || reason == FinishReason.ContextFull)
        {
            _end.SetResult();
        }
        else
        {
            _end.SetException(new CliException($"a request ended with {reason}"));
        }
    }

    public void Fail(Exception exception) => _end.SetException(exception);
}

using VkInfer.Cli.Output;
using VkInfer.Tokenization;

namespace VkInfer.Cli.Perplexity;

/// <summary>
/// Scores a text in windows as llama.cpp's perplexity tool does: the tokenised text begins with BOS and is cut into full windows, each
/// window's first token is replaced by BOS, and the first half of a window is context for the predictions of its second half.
/// </summary>
/// <param name="session">The session to evaluate in; it is reset.</param>
/// <param name="window">Tokens per window, at least 3.</param>
/// <param name="scoreAll">Scores every position instead of the second half.</param>
internal sealed class PerplexityEvaluator(Session session, int window, bool scoreAll)
{
    private readonly Tokenizer _tokenizer = session.Model.Tokenizer;

    /// <summary>The text's tokens, BOS first where the model has one.</summary>
    public int[] Tokenize(string text)
    {
        int[] tokens = _tokenizer.Encode(text, addSpecial: false);
        return _tokenizer.BosTokenId is { } bos ? [bos, .. tokens] : tokens;
    }

    /// <summary>Scores all full windows.</summary>
    public PerplexityResult Evaluate(int[] tokens, ProgressReport? progress, CancellationToken cancellationToken)
    {
        int windows = tokens.Length / window;
        var result = new PerplexityResult(0, 0, 0, windows);
        for (int i = 0; i < windows; i++)
        {
            result = EvaluateWindow(tokens.AsSpan(i * window, window), result, cancellationToken);
            progress?.Report(i + 1, windows);
        }

        return result;
    }

    private PerplexityResult EvaluateWindow(ReadOnlySpan<int> tokens, PerplexityResult before, CancellationToken cancellationToken)
    {
        int[] ids = tokens.ToArray();
        ids[0] = _tokenizer.BosTokenId ?? ids[0];
        int first = scoreAll ? 0 : window / 2;
        PerplexityResult result = before;
        session.Reset();
        if (first > 0)
        {
            session.Append(ids.AsSpan(0, first), cancellationToken);
        }

        // The last position predicts a token of the next window.
        session.ComputeLogits(
            ids.AsSpan(first, ids.Length - first - 1),
            (index, logits) => result = result.Add(NegativeLogLikelihood(logits, ids[first + index + 1])),
            cancellationToken);
        return result;
    }

    /// <summary>-log softmax(logits)[token], in double precision.</summary>
    public static double NegativeLogLikelihood(ReadOnlySpan<float> logits, int token)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return max + Math.Log(sum) - logits[token];
    }
}

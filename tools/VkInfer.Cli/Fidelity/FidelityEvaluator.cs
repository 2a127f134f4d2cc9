using System.Diagnostics;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Fidelity;

/// <summary>Runs a text through two sessions of one model, in windows, and compares their logits.</summary>
/// <param name="session">What is judged; it is reset.</param>
/// <param name="reference">What it is judged by; it is reset.</param>
/// <param name="window">Tokens per window, at most either session's capacity.</param>
/// <param name="decodes">Feeds token by token, as when text is generated, instead of window by window.</param>
internal sealed class FidelityEvaluator(Session session, Session reference, int window, bool decodes)
{
    private const int TimedTokens = 32;

    // Rows of logits that are kept at once.
    private const long RowsBytes = 256L << 20;

    private readonly int _vocabSize = session.Model.Config.VocabSize;

    /// <summary>Compares every position but a window's last.</summary>
    public FidelityResult Compare(int[] tokens, ProgressReport? progress, CancellationToken cancellationToken)
    {
        var result = new FidelityResult();
        int rows = (int)Math.Clamp(RowsBytes / (_vocabSize * sizeof(float)), 1, window);
        float[] logits = new float[rows * _vocabSize];
        for (int start = 0; start < tokens.Length; start += window)
        {
            int[] part = tokens[start..Math.Min(start + window, tokens.Length)];
            session.Reset();
            reference.Reset();
            for (int first = 0; first < part.Length - 1; first += rows)
            {
                int at = first;
                int[] ids = part[first..Math.Min(first + rows, part.Length - 1)];
                Run(reference, ids, (i, row) => row.CopyTo(logits.AsSpan(i * _vocabSize)), cancellationToken);
                Run(session, ids, (i, row) =>
                    result.Add(row, logits.AsSpan(i * _vocabSize, _vocabSize), part[at + i + 1]), cancellationToken);
            }

            progress?.Report(start + part.Length, tokens.Length);
        }

        return result;
    }

    /// <summary>Tokens per second of greedy decode behind the first tokens of a text.</summary>
    public static double Speed(Session session, ReadOnlySpan<int> tokens, CancellationToken cancellationToken)
    {
        int count = Math.Clamp(session.Capacity - TimedTokens - 1, 1, tokens.Length);
        int timed = Math.Min(TimedTokens, session.Capacity - count - 1);
        if (timed < 1)
        {
            return 0;
        }

        session.Reset();
        session.Append(tokens[..count], cancellationToken);
        session.NextToken(SamplingOptions.Greedy, cancellationToken);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < timed; i++)
        {
            session.NextToken(SamplingOptions.Greedy, cancellationToken);
        }

        return timed / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private void Run(Session target, int[] ids, LogitsCallback onRow, CancellationToken cancellationToken)
    {
        if (!decodes)
        {
            target.ComputeLogits(ids, onRow, cancellationToken);
            return;
        }

        float[] row = new float[_vocabSize];
        for (int i = 0; i < ids.Length; i++)
        {
            target.Append([ids[i]], cancellationToken);
            target.ReadLogits(row);
            onRow(i, row);
        }
    }
}

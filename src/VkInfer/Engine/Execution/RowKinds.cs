using VkInfer.Engine.Scheduling;
using VkInfer.Transformer;

namespace VkInfer.Engine.Execution;

/// <summary>What kind of rows a step has: of prompts or of decoding, in tiles or alone, with logits or without. Thread-safe.</summary>
/// <param name="options">How steps are run.</param>
/// <param name="isEncoder">Whether texts are an encoder's, all of whose rows attend in tiles.</param>
internal sealed class RowKinds(ExecutorOptions options, bool isEncoder)
{
    /// <summary>Whether rows attend in tiles.</summary>
    public bool IsRun(in StepRows rows) => !options.AttendsRowByRow && IsPrompt(rows);

    /// <summary>How many of the last rows want logits.</summary>
    public static int LogitsOf(in StepRows rows)
    {
        if (rows.Count == 0)
        {
            // Who takes no row chooses from logits that were kept.
            return 0;
        }

        int end = rows.First + rows.Count;
        int chosen = rows.WantsLogits || (rows.Sequence.KeepsLogits && end == rows.Sequence.Tokens.Length) ? 1 + rows.Drafts : 0;
        return rows.Sequence.LogitsTarget is { } target
            ? Math.Clamp(end - target.First, chosen, rows.Count)
            : chosen;
    }

    /// <summary>The shape of a step, and how many keys its rows see, all together.</summary>
    public (StepShape Shape, double KeysSeen) ShapeOf(StepPlan plan)
    {
        (int alone, int runRows, int runs, int logits, int longest, double keys) = (0, 0, 0, 0, 0, 0);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            logits += LogitsOf(rows);
            keys += rows.Count * (rows.First + (rows.Count * 0.5));
            longest = IsPrompt(rows) ? Math.Max(longest, rows.Count) : longest;
            if (rows.Count > 0 && IsRun(rows))
            {
                (runRows, runs) = (runRows + rows.Count, runs + 1);
            }
            else
            {
                alone += rows.Count;
            }
        }

        if (alone + runRows > options.MaxRows)
        {
            throw new InvalidOperationException(
                $"A step of {alone + runRows} rows, expected at most {options.MaxRows}: "
                + string.Join(", ", plan.Rows.Select(rows => $"{rows.First} + {rows.Count} of {rows.Sequence.Tokens.Length}")));
        }

        return longest > 0
            ? (new StepShape(alone + runRows, alone, runRows, runs, logits, longest), keys)
            : (StepShape.Decode(Math.Min(RowBuckets.Of(alone), options.MaxRows)), keys);
    }

    /// <summary>Whether more than one known token is processed at once.</summary>
    private bool IsPrompt(in StepRows rows) => rows.Count - rows.Drafts > 1 || options.Statistics is not null || isEncoder;
}

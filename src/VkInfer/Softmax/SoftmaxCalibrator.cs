using VkInfer.Engine;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;

namespace VkInfer;

/// <summary>Finds φ, its range and the scheme for each layer of a model from the scores that a text gives.</summary>
internal static class SoftmaxCalibrator
{
    /// <summary>Rows computed anew per row beyond which the asynchronized scheme is not chosen; the paper reports 0.45 %.</summary>
    public const double MaxRecomputeRate = 0.01;

    /// <summary>
    /// The same in prefill: next to none. One row makes its block of up to 128 queries pass over its keys again, and all others of the
    /// dispatch wait for it: on an H200, 0.01 % of the rows cost more than twice what the scheme saves.
    /// </summary>
    public const double MaxPrefillRecomputeRate = 1e-6;

    /// <summary>Most tokens of a text that are looked at: the scores are counted in 32 bits.</summary>
    public const int MaxTokens = 4096;

    private static readonly double[] Shares = [0.0001, 0.01, 0.5, 0.99, 0.9999];

    /// <summary>Runs the model over tokens, at most <see cref="MaxTokens"/> and its context.</summary>
    public static SoftmaxCalibration Run(Model model, ReadOnlySpan<int> tokens, CancellationToken cancellation)
    {
        string fingerprint = model.Fingerprint
            ?? throw new InvalidOperationException($"{model.Name} is synthetic: its scores say nothing.");
        if (tokens.Length < 2)
        {
            throw new ArgumentException($"{tokens.Length} tokens; calibration needs at least 2.", nameof(tokens));
        }

        int layers = model.Config.NumLayers;
        int count = Math.Min(Math.Min(tokens.Length, MaxTokens), model.ContextLength);
        var options = new SessionOptions { Softmax = SoftmaxChoice.Synchronized, Capacity = count };
        using var counters = new ScoreCounters(model.Gpu, layers, cancellation);
        SessionEngine engine = SessionEngine.Create(
            model, model.Options.KvType, SoftmaxPlan.For(SoftmaxChoice.Synchronized, layers, null), model.Options.Linear, counters);
        using ModelEngine running = engine.Engine;
        using var session = new Session(model, options, engine);
        session.Append(tokens[..count], cancellation);
        return new SoftmaxCalibration(
            SoftmaxCalibration.CurrentVersion, fingerprint, count,
            [.. Enumerable.Range(0, layers).Select(layer => Choose(counters.Read(layer)))]);
    }

    /// <summary>
    /// The range is what was seen and a margin, for texts that were not; where that is wider than float32 allows, its lower part is given
    /// up. φ lies in the middle.
    /// </summary>
    public static LayerCalibration Choose(ScoreStatistics scores)
    {
        if (scores.Rows == 0)
        {
            return Fallback(scores);
        }

        float margin = Math.Max(2, 0.1f * (scores.Maximum - scores.Minimum));
        float upper = scores.Maximum + margin;
        float lower = Math.Max(scores.Minimum - margin, upper - (2 * AttentionSoftmax.MaxDistance));
        float phi = lower + ((upper - lower) / 2);
        if (scores.NotFinite > 0 || !float.IsFinite(upper) || !(lower < phi && phi < upper))
        {
            return Fallback(scores);
        }

        double decodeRate = (double)scores.RowsReachingDownTo(lower) / scores.Rows;
        double prefillRate =
            Math.Min(1, decodeRate + ((double)scores.RowsStayingBelow(upper - AttentionSoftmax.MaxMatrixDistance) / scores.Rows));
        return new LayerCalibration(
            scores.Minimum, scores.Maximum, [.. Shares.Select(scores.Quantile)], phi, lower, upper,
            SchemeFor(decodeRate, MaxRecomputeRate), SchemeFor(prefillRate, MaxPrefillRecomputeRate),
            decodeRate, prefillRate);
    }

    private static SoftmaxScheme SchemeFor(double rate, double most) =>
        rate <= most ? SoftmaxScheme.Asynchronized : SoftmaxScheme.ConditionalRescale;

    // Scores that are no numbers, or so large that a float holds no bounds around them: no φ is right.
    private static LayerCalibration Fallback(ScoreStatistics scores) => new(
        scores.Rows == 0 ? 0 : scores.Minimum, scores.Rows == 0 ? 0 : scores.Maximum, [.. Shares.Select(scores.Quantile)],
        0, -AttentionSoftmax.MaxDistance, AttentionSoftmax.MaxDistance, SoftmaxScheme.ConditionalRescale, SoftmaxScheme.ConditionalRescale,
        1, 1);
}

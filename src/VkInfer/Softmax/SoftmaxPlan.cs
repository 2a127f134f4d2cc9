using VkInfer.Kernels;

namespace VkInfer.Research;

/// <summary>How one layer's attention accumulates its softmax.</summary>
/// <param name="Decode">For one token at a time.</param>
/// <param name="Prefill">For prompts.</param>
public readonly record struct LayerSoftmax(AttentionSoftmax Decode, AttentionSoftmax Prefill);

/// <summary>How the attention of a model accumulates its softmax, layer by layer. Immutable; thread-safe.</summary>
/// <param name="Layers">One entry for each layer.</param>
/// <param name="Origin">Where this comes from, in words.</param>
public sealed record SoftmaxPlan(IReadOnlyList<LayerSoftmax> Layers, string Origin)
{
    // Without calibration nothing is known of the scores: the widest range, and for prompts one whose matrix form has φ = 0.
    private static readonly LayerSoftmax Uncalibrated =
        new(AttentionSoftmax.Asynchronized(0), AttentionSoftmax.Asynchronized(0, b: AttentionSoftmax.MaxMatrixDistance));

    /// <summary>The plan for a choice.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="layers">Layers of the model.</param>
    /// <param name="calibration">The model's calibration, if there is one.</param>
    internal static SoftmaxPlan For(SoftmaxChoice choice, int layers, SoftmaxCalibration? calibration)
    {
        switch (choice)
        {
            case SoftmaxChoice.Synchronized:
                return Uniform(layers, AttentionSoftmax.Synchronized, "option");
            case SoftmaxChoice.Conditional:
                return Uniform(layers, AttentionSoftmax.ConditionalRescale, "option");
            case SoftmaxChoice.Asynchronized when calibration is null:
                return new SoftmaxPlan([.. Enumerable.Repeat(Uncalibrated, layers)], "option, not calibrated");
            case SoftmaxChoice.Asynchronized:
                return new SoftmaxPlan(
                    [.. calibration.Layers.Select(layer => new LayerSoftmax(layer.Asynchronized, layer.Asynchronized))],
                    "option, calibrated");
            case SoftmaxChoice.Auto when calibration is null:
                return Uniform(layers, AttentionSoftmax.ConditionalRescale, "not calibrated");
            default:
                return new SoftmaxPlan(
                    [.. calibration!.Layers.Select(layer => new LayerSoftmax(layer.Softmax(layer.Decode), layer.Softmax(layer.Prefill)))],
                    "calibration");
        }
    }

    private static SoftmaxPlan Uniform(int layers, AttentionSoftmax softmax, string origin) =>
        new([.. Enumerable.Repeat(new LayerSoftmax(softmax, softmax), layers)], origin);
}

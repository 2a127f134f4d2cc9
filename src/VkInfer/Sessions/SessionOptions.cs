using VkInfer.Kernels;

namespace VkInfer;

/// <summary>How a session is created. Immutable; compared by value; thread-safe.</summary>
public sealed record SessionOptions
{
    /// <summary>Positions the KV cache holds, in tokens; null: the model's <see cref="Model.ContextLength"/>.</summary>
    public int? Capacity { get; init; }

    /// <summary>Element type of the KV cache; null: what the model was loaded with.</summary>
    public KvType? KvType { get; init; }

    /// <summary>How tokens are chosen where a call does not say; null: as the model was made for.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>How attention accumulates its softmax; null: what the model was loaded with.</summary>
    internal SoftmaxChoice? Softmax { get; init; }

    /// <summary>Which implementation linear layers use; null: what the model was loaded with.</summary>
    internal LinearChoice? Linear { get; init; }
}

namespace VkInfer;

/// <summary>How a session is created. Immutable.</summary>
public sealed record SessionOptions
{
    /// <summary>Positions the KV cache holds, in tokens; null: the model's <see cref="Model.ContextLength"/>.</summary>
    public int? Capacity { get; init; }
}

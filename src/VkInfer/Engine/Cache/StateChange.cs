using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>What happens to a recurrent state at the head of a step: it becomes a copy of another, or zero.</summary>
/// <param name="From">What is copied; <see cref="StatePool.None"/>: zeros.</param>
/// <param name="To">What is written.</param>
/// <param name="Owner">Whose state or snapshot that is.</param>
internal readonly record struct StateChange(int From, int To, Sequence Owner);

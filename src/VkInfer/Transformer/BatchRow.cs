using VkInfer.Engine.Cache;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>One sequence of a batch that decodes together; all of it belongs to the sequence's session.</summary>
/// <param name="Cache">Its keys and values.</param>
/// <param name="StepState">Names its token and position.</param>
/// <param name="Logits">Receives float32 [VocabSize].</param>
internal readonly record struct BatchRow(KvCache Cache, BufferView StepState, BufferView Logits);

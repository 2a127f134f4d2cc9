using System.Runtime.InteropServices;
using VkInfer.Engine.Scheduling;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>Logits that somebody wants beyond their step: for a later choice, or for a user. Not thread-safe.</summary>
/// <param name="device">Where they are.</param>
/// <param name="passes">Make them.</param>
/// <param name="once">Copy them.</param>
internal sealed class KeptLogits(GpuDevice device, StepPasses passes, OnceLists once)
{
    /// <summary>Copies logits that somebody wants beyond the step.</summary>
    public void Keep(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            bool isKept = rows.Sequence.KeepsLogits || rows.Sequence.LogitsTarget is not null;
            if (rows.Count == 0 || !isKept || step.Logits[i] is not { } logits)
            {
                continue;
            }

            step.Flush(device);
            if (rows.Sequence.LogitsTarget is { } target)
            {
                // Those before the last lie before it.
                int count = StepPasses.LogitsOf(rows);
                (long stride, long length) = (passes.LogitsStride, count * passes.LogitsStride);
                Copy(
                    step, logits.Buffer.View(logits.Offset + stride - length, length),
                    target.Rows.View((rows.First + rows.Count - count - target.First) * stride, length));
            }

            if (rows.Sequence.KeepsLogits)
            {
                Copy(step, logits, step.Slots[i].Kept);
            }
        }
    }

    /// <summary>Reads those that are kept of a slot's sequence.</summary>
    /// <param name="slot">The slot; it keeps some.</param>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    public void Read(SequenceSlot slot, Span<float> logits)
    {
        BufferView kept = slot.Kept;
        device.Download(kept.Buffer, kept.Offset, MemoryMarshal.AsBytes(logits));
    }

    private void Copy(StepUnderWay step, BufferView from, BufferView to) => step.Last = once.Submit(commands => commands.Copy(from, to));
}

using System.Runtime.InteropServices;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>Logits and hidden states that somebody wants beyond their step: for a later choice, or for a user. Not thread-safe.</summary>
/// <param name="device">Where they are.</param>
/// <param name="passes">Make them.</param>
/// <param name="once">Copy them.</param>
internal sealed class KeptRows(GpuDevice device, StepPasses passes, OnceLists once)
{
    /// <summary>Puts what somebody wants beyond the step where he wants it.</summary>
    public void Keep(StepPlan plan, StepUnderWay step)
    {
        KeepLogits(plan, step);
        KeepHidden(plan, step);
    }

    /// <summary>Reads those that are kept of a slot's sequence.</summary>
    /// <param name="slot">The slot; it keeps some.</param>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    public void Read(SequenceSlot slot, Span<float> logits)
    {
        BufferView kept = slot.Kept;
        device.Download(kept.Buffer, kept.Offset, MemoryMarshal.AsBytes(logits));
    }

    private void KeepLogits(StepPlan plan, StepUnderWay step)
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
                int count = RowKinds.LogitsOf(rows);
                (long stride, long length) = (passes.LogitsStride, count * passes.LogitsStride);
                if (count > 0)
                {
                    Copy(
                        step, logits.Buffer.View(logits.Offset + stride - length, length),
                        target.Rows.View((rows.First + rows.Count - count - target.First) * stride, length));
                }
            }

            if (rows.Sequence.KeepsLogits)
            {
                Copy(step, logits, step.Slots[i].Kept);
            }
        }
    }

    private void KeepHidden(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (rows.Count > 0 && rows.Sequence.HiddenTarget is { } target)
            {
                int first = Math.Max(rows.First, target.First);
                int count = Math.Min(rows.First + rows.Count, target.End) - first;
                if (count > 0)
                {
                    step.Flush(device);
                    KeepHidden(step, step.FirstRows[i] + first - rows.First, target, first - target.First, count);
                }
            }
        }
    }

    // Apart: what captures is not to allocate where nothing is kept.
    private void KeepHidden(StepUnderWay step, int row, HiddenTarget target, int at, int count) =>
        step.Last = once.Submit(commands => passes.RecordHidden(commands, row, count, target.Rows, at));

    private void Copy(StepUnderWay step, BufferView from, BufferView to) => step.Last = once.Submit(commands => commands.Copy(from, to));
}

using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>Counts the steps that were submitted and those that have ended, and waits for them. Not thread-safe.</summary>
/// <param name="device">Where they run.</param>
/// <param name="passes">Have the steps.</param>
/// <param name="cancellation">Ends waits within the submission of a step.</param>
internal sealed class StepOrder(GpuDevice device, StepPasses passes, Cancellation cancellation)
{
    /// <summary>Steps that were submitted; the number of the next.</summary>
    public long Submitted { get; private set; }

    /// <summary>Steps that have ended; the number of the one that ends next.</summary>
    public long Ended { get; private set; }

    /// <summary>Begins the next step.</summary>
    public StepUnderWay Begin() => passes.Begin(Submitted);

    /// <summary>Takes note that the step that was begun is under way.</summary>
    public void Submit(StepUnderWay step)
    {
        foreach (SequenceSlot slot in step.Slots)
        {
            slot.LastStep = Submitted;
        }

        Submitted++;
    }

    /// <summary>Waits for the earliest step under way.</summary>
    public StepUnderWay Complete()
    {
        StepUnderWay step = passes.Step(Ended);
        try
        {
            device.Wait(step.Last);
        }
        finally
        {
            // Whatever it came to: the next one is asked for next.
            Ended++;
        }

        return step;
    }

    /// <summary>Waits until no step uses a slot.</summary>
    public void WaitFor(SequenceSlot slot)
    {
        if (slot.LastStep >= Ended)
        {
            device.Wait(passes.Step(slot.LastStep).Last, cancellation);
        }
    }

    /// <summary>Waits for all steps under way.</summary>
    public void WaitForAll()
    {
        for (long step = Ended; step < Submitted; step++)
        {
            device.Wait(passes.Step(step).Last);
        }
    }

    /// <summary>Waits for all that was submitted, also of a step that was given up.</summary>
    public void Settle(StepUnderWay? givenUp)
    {
        try
        {
            WaitForAll();
            device.Wait(givenUp?.Last ?? default);
            device.Wait(passes.LastSlice);
        }
        catch (DeviceLostException)
        {
            // Nothing runs any more.
        }
    }
}

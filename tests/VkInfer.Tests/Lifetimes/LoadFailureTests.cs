using VkInfer.Vulkan;

namespace VkInfer.Tests.Lifetimes;

/// <summary>Loading that fails or is cancelled, at whatever point, leaves nothing on a device that others use.</summary>
public sealed class LoadFailureTests : LifetimeFixture
{
    private const int ErrorUnknown = -13;

    [Test]
    public void A_call_that_fails_at_any_point(
        [Values("vkCreateBuffer", "vkBindBufferMemory", "vkCreateCommandPool", "vkAllocateCommandBuffers", "vkBeginCommandBuffer",
            "vkEndCommandBuffer")]
        string operation,
        [Values(0, 50, 100)] int percent)
    {
        (int, int) before = Live;
        var progress = new At(percent, () => (Gpu.Context.FaultResult, Gpu.Context.FaultOperation) = (ErrorUnknown, operation));
        VulkanException? thrown = null;
        try
        {
            using Model model = Model.LoadDefault(Options, progress);
            Session session = model.CreateSession();
            session.Append(Prompt(70));
        }
        catch (VulkanException exception)
        {
            thrown = exception;
        }

        Gpu.Context.FaultOperation = null;
        Assert.That(Live, Is.EqualTo(before));

        // What compiles pipelines ahead of the first answer may meet the fault instead: it never fails a load.
        Assert.That(thrown?.Operation ?? operation, Is.EqualTo(operation));
        using Model works = Load();
        works.CreateSession().Append(Prompt(3));
    }

    [Test]
    public void A_cancellation_at_any_point([Values(0, 20, 50, 80, 100)] int percent)
    {
        (int, int) before = Live;
        using var cancel = new CancellationTokenSource();
        try
        {
            Model.LoadDefault(Options, new At(percent, cancel.Cancel), cancel.Token).Dispose();
            Assert.That(percent, Is.EqualTo(100), "Too late, it may be loaded.");
        }
        catch (OperationCanceledException)
        {
        }

        Assert.That(Live, Is.EqualTo(before));
    }

    /// <summary>Does something once, when so much is on the device.</summary>
    private sealed class At(int percent, Action action) : IProgress<LoadProgress>
    {
        private bool _done;

        public void Report(LoadProgress value)
        {
            if (!_done && value.BytesDone * 100 >= value.BytesTotal * percent)
            {
                _done = true;
                action();
            }
        }
    }
}

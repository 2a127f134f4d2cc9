using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Embedded;

/// <summary>What one token of decode costs beside the arithmetic: dispatches, submits, allocations.</summary>
public sealed class DecodeCostTests : EmbeddedFixture
{
    [TestCase(64)]
    [TestCase(1024)]
    public void A_layer_takes_at_most_six_dispatches(int capacity)
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = capacity });

        // One more embeds the token, one makes the logits.
        Assert.That(session.Decode.DispatchesPerPass, Is.GreaterThan(0).And.AtMost((6 * Model.Config.NumLayers) + 2));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_token_takes_one_submit(bool greedy)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0));
        using CommandList marker = Model.Gpu.CreateCommandList("marker");
        marker.Begin();
        marker.End();
        SamplingOptions sampling = greedy ? SamplingOptions.Greedy : Drawn;
        Take(session, 3, sampling);
        (int, int) objects = (Model.Gpu.LiveBufferCount, Model.Gpu.LiveCommandListCount);
        ulong first = Model.Gpu.Submit(marker).Value;
        Take(session, 10, sampling);
        Assert.That(Model.Gpu.Submit(marker).Value - first, Is.EqualTo(11));
        Assert.That((Model.Gpu.LiveBufferCount, Model.Gpu.LiveCommandListCount), Is.EqualTo(objects));
    }

    // A pipeline, a descriptor set or a recording would show here too: each has a managed object.
    [TestCase(true)]
    [TestCase(false)]
    public void A_token_allocates_nothing_on_the_managed_heap(bool greedy)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0));
        SamplingOptions sampling = greedy ? SamplingOptions.Greedy : Drawn;
        session.NextTokenCore(sampling, DecodeRunner.MaxInFlight, CancellationToken.None);
        long Allocated(int tokens, int depth)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < tokens; i++)
            {
                session.NextTokenCore(sampling, depth, CancellationToken.None);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Allocated(5, DecodeRunner.MaxInFlight);
        Assert.That(Allocated(40, DecodeRunner.MaxInFlight), Is.Zero, "two steps under way");
        Assert.That(Allocated(40, 1), Is.Zero, "one step at a time");
    }
}

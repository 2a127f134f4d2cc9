using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Embedded;

/// <summary>What one token of decode costs beside the arithmetic: dispatches, submits, allocations.</summary>
public sealed class DecodeCostTests : EmbeddedFixture
{
    private static IEnumerable<TestCaseData> Choices()
    {
        yield return new TestCaseData(SamplingOptions.Greedy).SetArgDisplayNames("greedy");
        yield return new TestCaseData(Drawn).SetArgDisplayNames("drawn");
        yield return new TestCaseData(Drawn with { RepetitionPenalty = 1.2f, PenaltyWindow = 16 }).SetArgDisplayNames("penalties");
        yield return new TestCaseData(
            SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [5] = 1 }, LogProbabilities = 3 })
            .SetArgDisplayNames("bias and log-probabilities");
    }

    /// <summary>The same options in objects of their own.</summary>
    private static SamplingOptions Copy(SamplingOptions sampling) => sampling with
    {
        LogitBias = sampling.LogitBias is null ? null : new Dictionary<int, float>(sampling.LogitBias),
    };

    [TestCase(64)]
    [TestCase(1024)]
    public void A_layer_takes_at_most_six_dispatches(int capacity)
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = capacity });
        session.Append(Prompt(0));
        Take(session, 2, SamplingOptions.Greedy);

        // One more embeds the token, one makes the logits.
        Assert.That(session.Engine.Executor.LastDispatches, Is.GreaterThan(0).And.AtMost((6 * Model.Config.NumLayers) + 2));
    }

    [TestCaseSource(nameof(Choices))]
    public void A_token_takes_one_submit(SamplingOptions sampling)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0));
        using CommandList marker = Model.Gpu.CreateCommandList("marker");
        marker.Record(_ => { });
        Take(session, 3, sampling);
        (int, int) objects = (Model.Gpu.LiveBufferCount, Model.Gpu.LiveCommandListCount);
        ulong first = Model.Gpu.Submit(marker).Value;
        Take(session, 10, sampling);
        Assert.That(Model.Gpu.Submit(marker).Value - first, Is.EqualTo(11));
        Assert.That((Model.Gpu.LiveBufferCount, Model.Gpu.LiveCommandListCount), Is.EqualTo(objects));
    }

    // A pipeline, a descriptor set or a recording would show here too: each has a managed object.
    [TestCaseSource(nameof(Choices))]
    public void A_token_allocates_nothing_on_the_managed_heap(SamplingOptions sampling)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0));

        // The list of its tokens has grown then.
        Take(session, 150, sampling);
        session.Truncate(8);
        session.NextTokenCore(sampling, 2, CancellationToken.None);
        void Choose(int depth)
        {
            for (int i = 0; i < 10; i++)
            {
                session.NextTokenCore(sampling, depth, CancellationToken.None);
            }
        }

        Assert.That(Least.Allocated(() => Choose(2)), Is.Zero, "two steps under way");
        SamplingOptions[] equal = [.. Enumerable.Range(0, 10).Select(_ => Copy(sampling))];
        void ChooseByEqual()
        {
            foreach (SamplingOptions one in equal)
            {
                session.NextToken(one);
            }
        }

        Assert.That(Least.Allocated(ChooseByEqual), Is.Zero, "with options that are equal and not the same");
        Assert.That(Least.Allocated(() => Choose(1)), Is.Zero, "one step at a time");
    }
}

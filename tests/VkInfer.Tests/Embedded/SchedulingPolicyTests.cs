using VkInfer.Engine;

namespace VkInfer.Tests.Embedded;

/// <summary>A long prompt that arrives while an answer is under way.</summary>
public sealed class SchedulingPolicyTests
{
    private const int PromptTokens = 500;

    [TestCase(SchedulingPolicy.ThroughputFirst)]
    [TestCase(SchedulingPolicy.LatencyFirst)]
    public async Task A_prompt_fills_a_step_or_is_cut(SchedulingPolicy policy)
    {
        ModelOptions options = TestModels.Options(contextLength: 1024, chunk: 1024) with { Scheduling = policy };
        using Model model = Model.LoadDefault(options);
        EngineCounts counts = model.EngineFor(options.KvType, null, options.Linear).Counts;
        await using IAsyncEnumerator<GenerationUpdate> answer = Answer(model, 10, 900).GetAsyncEnumerator();
        Assert.That(await answer.MoveNextAsync());
        await foreach (GenerationUpdate _ in Answer(model, PromptTokens, 1))
        {
        }

        Assert.That(counts.MostRows >= PromptTokens, Is.EqualTo(policy == SchedulingPolicy.ThroughputFirst));
    }

    private static IAsyncEnumerable<GenerationUpdate> Answer(Model model, int promptTokens, int tokens) => model.GenerateAsync(
        Enumerable.Range(0, promptTokens).Select(i => 300 + (i * 7 % 900)).ToArray(),
        new GenerationOptions { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true, MaxTokens = tokens });
}

using VkInfer.Engine;

namespace VkInfer.Tests.Embedded;

/// <summary>Many requests, and a KV cache with room for two of them.</summary>
public sealed class SmallPoolTests
{
    private const int Kinds = 20;

    [TestCase(200, true)]
    [TestCase(40, false)]
    [Category("Long")]
    public async Task Requests_end_with_the_tokens_that_each_gives_alone(int requests, bool prefixCaching)
    {
        var options = new ModelOptions
        {
            Device = TestModels.Device,
            Validation = TestModels.Validation,
            ContextLength = 96,
            MaxKvPages = 4, // A request takes up to three: two that overlap are too many, however slow steps are.
            PrefixCaching = prefixCaching,
        };
        using Model model = Model.LoadDefault(options);
        EngineCounts counts = model.EngineFor(options.KvType, null, options.Linear).Counts;
        int[][] alone = new int[Kinds][];
        for (int kind = 0; kind < Kinds; kind++)
        {
            alone[kind] = await Answer(model, kind);
        }

        long before = counts.Preemptions;
        int[][] together = await Task.WhenAll(Enumerable.Range(0, requests).Select(i => Answer(model, i % Kinds)));
        Assert.Multiple(() =>
        {
            Assert.That(together, Is.EqualTo(together.Select((_, i) => alone[i % Kinds])));
            Assert.That(counts.Preemptions - before, Is.Positive);
            Assert.That(counts.HeldPages, Is.Zero);
            Assert.That(counts.CachedTokens > 0, Is.EqualTo(prefixCaching));
        });
    }

    /// <summary>Prompts of 20 to 39 tokens, which begin alike; every other answer takes two pages more than its prompt.</summary>
    private static async Task<int[]> Answer(Model model, int kind)
    {
        var options = new GenerationOptions
        {
            Sampling = SamplingOptions.Greedy,
            IgnoreEndOfText = true,
            MaxTokens = kind % 2 == 0 ? 50 : 5,
        };
        int[] text = model.Tokenizer.Encode(
            "Once upon a time there was a little fox who lived in a big forest with a friend. One day they went to the sea to look for "
            + "shells, and the fox asked: what is that?", addSpecial: false);
        var tokens = new List<int>();
        await foreach (GenerationUpdate update in model.GenerateAsync(text.AsMemory(0, 20 + kind), options))
        {
            tokens.AddRange(update.TokenIds);
        }

        return [.. tokens];
    }
}

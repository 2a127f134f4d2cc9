using System.Text.Json.Nodes;
using VkInfer.Kernels;

namespace VkInfer.Tests.Families;

/// <summary>Families in sizes that no published model has: nothing may depend on the usual ones.</summary>
public sealed class OddShapeTests
{
    private static readonly OddShapes[] Sizes =
    [
        new(HeadDim: 24, Heads: 6, KvHeads: 3, Hidden: 100, Width: 100, ExpertWidth: 36, Vocab: 257),
        new(HeadDim: 40, Heads: 3, KvHeads: 3, Hidden: 68, Width: 96, ExpertWidth: 20, Vocab: 259),
        new(HeadDim: 72, Heads: 4, KvHeads: 2, Hidden: 44, Width: 52, ExpertWidth: 100, Vocab: 257),
        new(HeadDim: 112, Heads: 3, KvHeads: 1, Hidden: 136, Width: 36, ExpertWidth: 28, Vocab: 263),
        new(HeadDim: 40, Heads: 6, KvHeads: 3, Hidden: 96, Width: 96, ExpertWidth: 32, Vocab: 257),
    ];

    private static readonly string[] Fixtures =
    [
        "gemma4", "gemma4-moe", "gemma4-e", "gpt-oss", "qwen3.5", "qwen3.5-moe", "qwen3-next", "glm-4.7-flash", "deepseek-v2", "glm4-moe",
        "nemotron-h", "nemotron-h-moe", "granite-hybrid", "granite-hybrid-dense", "falcon-h1", "falcon-h1-plain", "lfm2", "lfm2-moe",
        "minimax-m2", "ling", "hunyuan-dense", "minicpm", "phimoe", "ernie4.5-moe", "exaone4", "seed-oss", "olmo3", "cohere2", "smollm3",
        "ministral3", "granitemoe", "phi", "stablelm", "starcoder2",
    ];

    /// <summary>Each family in one of the sizes, which take turns.</summary>
    private static IEnumerable<TestCaseData> Some =>
        from pair in Fixtures.Index()
        select new TestCaseData(pair.Item, pair.Index % Sizes.Length);

    [TestCaseSource(nameof(Some))]
    public void A_family_in_odd_sizes_gives_the_logits_of_the_reference(string fixture, int size) => Run(fixture, size);

    [Test]
    [Category("Release")]
    public void Every_family_in_every_size_gives_the_logits_of_the_reference(
        [ValueSource(nameof(Fixtures))] string fixture, [Range(0, 4)] int size) => Run(fixture, size);

    [Test]
    public void One_layer_gives_the_logits_of_the_reference(
        [Values("gemma4", "gpt-oss", "glm-4.7-flash", "glm4-moe", "falcon-h1", "minimax-m2", "hunyuan-dense")] string fixture)
    {
        void Change(JsonObject config)
        {
            Sizes[0].Set(config);
            OddShapes.KeepLast(config);
        }

        new ModelVariant(fixture, Change).AssertRuns();
    }

    /// <summary>Sequences of a model that only recurs would need no pages, which the engine has not.</summary>
    [Test]
    public void A_model_without_attention_is_refused([Values("qwen3.5-moe", "lfm2")] string fixture) => Assert.That(
        new ModelVariant(fixture, OddShapes.KeepLast).AssertRuns,
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("no layer attends"));

    // The last sizes are whole blocks of 32 in most of their matrices.
    private static void Run(string fixture, int size) =>
        new ModelVariant(fixture, Sizes[size].Set, size == Sizes.Length - 1 ? WeightType.Q8_0 : WeightType.F32).AssertRuns();
}

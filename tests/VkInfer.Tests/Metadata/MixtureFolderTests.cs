using System.Text.Json.Nodes;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Tests.Metadata;

/// <summary>What folders say of mixtures of experts beyond the usual.</summary>
public sealed class MixtureFolderTests
{
    [TestCase("qwen3moe", "false", false)]
    [TestCase("qwen3moe", "null", false)]
    [TestCase("qwen3moe", "true", true)]
    [TestCase("lfm2-moe", "false", false)]
    [TestCase("lfm2-moe", "null", true)]
    [TestCase("deepseek-v2", "true", false)]
    [TestCase("glm-4.7-flash", "false", false)]
    public void Weights_of_experts_are_divided_by_their_sum_as_the_folder_says(string name, string value, bool expected)
    {
        ModelConfig shape = Described.Fixture(name, config => config["norm_topk_prob"] = JsonNode.Parse(value));
        RouterRule rule = shape.Layers.Select(layer => layer.FeedForward).OfType<MixtureRecipe>().First().Router;
        Assert.That((rule.Normalises, rule.Score == RouterScore.SoftmaxOfChosen), Is.EqualTo((expected, name == "qwen3moe" && expected)));
    }

    [Test]
    public void More_experts_of_a_token_than_its_groups_have_are_refused() => Assert.That(
        () => Described.Fixture("glm-4.7-flash", config => (config["topk_group"], config["num_experts_per_tok"]) = (1, 3)),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("3 experts of 1 of 3 groups of 6 experts"));

    [Test]
    public void Layers_with_experts_and_inputs_of_their_own_are_refused() => Assert.That(
        () => Described.Fixture("gemma4-moe", config => config["hidden_size_per_layer_input"] = 8),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("hidden_size_per_layer_input is 8"));
}

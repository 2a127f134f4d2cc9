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

    [TestCase("glm-4.7-flash", """{"mlp_layer_types":["sparse","dense","sparse"]}""", "EDE")]
    [TestCase("glm-4.7-flash", """{"mlp_layer_types":null,"first_k_dense_replace":2}""", "DDE")]
    [TestCase("glm4-moe", """{"first_k_dense_replace":0}""", "EEE")]
    [TestCase("glm4-moe", """{"moe_layer_freq":2}""", "DDE")]
    [TestCase("glm4-moe", """{"moe_layer_freq":2,"mlp_layer_types":["sparse","sparse","dense"]}""", "EED")]
    [TestCase("qwen3moe", """{"mlp_only_layers":[0,2]}""", "DED")]
    [TestCase("qwen3moe", """{"decoder_sparse_step":2}""", "DED")]
    [TestCase("qwen3moe", """{"decoder_sparse_step":3,"mlp_only_layers":[2]}""", "DDD")]
    [TestCase("qwen3-next", """{"decoder_sparse_step":2}""", "DED")]
    [TestCase("ernie4.5-moe", """{"moe_layer_interval":2}""", "DED")]
    [TestCase("ernie4.5-moe", """{"moe_layer_start_index":0,"moe_layer_end_index":1}""", "EED")]
    [TestCase("ernie4.5-moe", """{"moe_layer_end_index":-1}""", "DEE")]
    [TestCase("lfm2-moe", """{"num_dense_layers":2}""", "DDE")]
    public void Layers_without_experts_are_those_that_the_folder_says(string name, string fields, string expected)
    {
        ModelConfig shape = Described.Fixture(name, config => Described.Merge(config, fields));
        Assert.That(string.Concat(shape.Layers.Select(layer => layer.FeedForward is MixtureRecipe ? 'E' : 'D')), Is.EqualTo(expected));
    }

    [TestCase("""["dense","sparse"]""")]
    [TestCase("""["dense","sparse","moe"]""")]
    public void Kinds_of_layers_that_are_none_are_refused(string types) => Assert.That(
        () => Described.Fixture("glm-4.7-flash", config => config["mlp_layer_types"] = JsonNode.Parse(types)),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("3 times dense or sparse"));

    [TestCase("qwen3-next", "false", false)]
    [TestCase("qwen3-next", "null", true)]
    public void Weights_of_experts_beside_one_for_all_are_divided_as_the_folder_says(string name, string value, bool expected)
    {
        ModelConfig shape = Described.Fixture(name, config => config["norm_topk_prob"] = JsonNode.Parse(value));
        IEnumerable<RouterRule> rules = shape.Layers.Select(layer => ((MixtureRecipe)layer.FeedForward!).Router);
        Assert.That(rules, Is.All.EqualTo(new RouterRule(RouterScore.Softmax, expected)));
    }
}

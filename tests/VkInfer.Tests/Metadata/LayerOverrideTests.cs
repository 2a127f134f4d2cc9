using System.Text.Json.Nodes;
using VkInfer.Recipes;

namespace VkInfer.Tests.Metadata;

/// <summary>Sizes of single layers in a folder's <c>per_layer_config</c>: honoured where a family knows them, else refused.</summary>
public sealed class LayerOverrideTests
{
    private const string Key = "per_layer_config";

    [Test]
    public void Fields_of_the_model_and_of_layers_say_the_same()
    {
        HeadShape[] expected = Read("gemma4", _ => { });
        HeadShape[] older = Read("gemma4", config =>
        {
            config.Remove(Key);
            (config["global_head_dim"], config["num_global_key_value_heads"]) = (24, 1);
        });
        Assert.That(expected.Select(heads => (heads.Dim, heads.KvCount)), Is.EqualTo(new[] { (16, 2), (24, 1), (16, 2), (24, 1) }));
        Assert.That(older, Is.EqualTo(expected));
    }

    [TestCase("""{"1":{"head_dim":24},"3":{"head_dim":24,"num_attention_heads":2}}""", "per_layer_config.3.num_attention_heads is 2")]
    [TestCase("""{"1":{"head_dim":24},"3":{"head_dim":16}}""", "the same head_dim for all of its layers")]
    [TestCase("""{"1":{"head_dim":24}}""", "the layers that see everything, 1, 3")]
    [TestCase("""{"0":{"head_dim":24},"1":{"head_dim":24},"3":{"head_dim":24}}""", "the layers that see everything, 1, 3")]
    [TestCase("""{"1":{"head_dim":24},"01":{"head_dim":24}}""", "the number of a layer, each once")]
    [TestCase("""{"first":{"head_dim":24}}""", "the number of a layer, each once")]
    [TestCase("""{"1":7}""", "per_layer_config.1 is 7; expected an object")]
    [TestCase("""{"1":{"head_dim":24.5},"3":{"head_dim":24.5}}""", "per_layer_config.1.head_dim")]
    public void What_does_not_run_is_refused(string layers, string message) => Assert.That(
        () => Read("gemma4", config => config[Key] = JsonNode.Parse(layers)),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains(message));

    [Test]
    public void A_family_that_knows_none_refuses_them()
    {
        Assert.That(
            () => Read("llama", config => config[Key] = JsonNode.Parse("""{"1":{"head_dim":24}}""")),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("per_layer_config.1.head_dim is 24; expected nothing"));
        Assert.That(() => Read("llama", config => config[Key] = new JsonObject()), Throws.Nothing);
    }

    private static HeadShape[] Read(string name, Action<JsonObject> change)
    {
        ModelConfig shape = Described.Fixture(name, change);
        return [.. shape.Attention.Select(attention => attention.HeadsIn(shape))];
    }
}

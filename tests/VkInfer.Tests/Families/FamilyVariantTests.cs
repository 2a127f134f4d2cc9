using VkInfer.Loading;
using VkInfer.Proof.Reference;
using VkInfer.Testing;
using VkInfer.Tests.Metadata;

namespace VkInfer.Tests.Families;

/// <summary>What configurations of families may say that fixtures do not.</summary>
public sealed class FamilyVariantTests
{
    [TestCase("qwen3moe", """{"mlp_only_layers":[1],"intermediate_size":20}""")]
    [TestCase("qwen3moe", """{"decoder_sparse_step":2,"intermediate_size":20}""")]
    [TestCase("qwen3-next", """{"mlp_only_layers":[0,2]}""")]
    [TestCase("qwen3-next", """{"norm_topk_prob":false}""")]
    [TestCase("glm-4.7-flash", """{"mlp_layer_types":["sparse","dense","sparse"]}""")]
    [TestCase("ernie4.5-moe", """{"moe_layer_start_index":0,"moe_layer_end_index":1,"moe_layer_interval":2}""")]
    [TestCase("granite-hybrid", """{"time_step_limit":[0.5,0.8]}""")]
    [TestCase("gemma4-moe", """{"hidden_size_per_layer_input":10,"vocab_size_per_layer_input":300}""")]
    public void Fields_of_a_folder_give_the_logits_of_the_reference(string fixture, string fields) => Variant(fixture, fields).AssertRuns();

    /// <summary>Layers that have biases where their configuration asks for them, some beside others that have none.</summary>
    [TestCase("nemotron-h", "attn_q attn_k attn_v attn_output ssm_in ssm_out ffn_up ffn_down")]
    [TestCase("nemotron-h-moe", "attn_q attn_k attn_v attn_output ssm_in ssm_out ffn_up ffn_down ffn_up_shexp ffn_down_shexp")]
    [TestCase("granite-hybrid", "attn_q attn_k attn_v attn_output ssm_in ssm_out")]
    [TestCase("ernie4.5-moe", "attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down ffn_gate_shexp ffn_up_shexp ffn_down_shexp")]
    [TestCase("qwen3moe", "attn_q attn_output")]
    [TestCase("olmo3", "attn_v ffn_up")]
    public void Biases_of_layers_are_added(string fixture, string biases) =>
        (Variant(fixture, "{}") with { Biases = biases.Split(' ') }).AssertRuns();

    /// <summary>Queries are projected at once, and have no bias beside that of latents.</summary>
    [Test]
    public void Biases_of_latents_without_a_query_rank_are_added() =>
        (Variant("deepseek-v2", """{"attention_bias":true}""") with { Biases = ["attn_kv_a_mqa", "attn_output"] }).AssertRuns();

    [TestCase("phi")]
    [TestCase("phimoe")]
    public void A_bias_of_an_output_that_is_the_embedding_is_added(string fixture) =>
        (Variant(fixture, """{"tie_word_embeddings":true}""") with { Biases = ["output"] }).AssertRuns();

    /// <summary>A folder says which layer that is, a GGUF file has its tensors.</summary>
    [Test]
    public void A_layer_without_experts_between_others_gives_the_logits_of_the_reference([Values] bool asGguf)
    {
        const string First = "model.layers.0.mlp.", Second = "model.layers.1.mlp.";
        const string Fields = """{"first_k_dense_replace":0,"mlp_layer_types":["sparse","dense","sparse"]}""";
        LogitsReference fixture = LogitsReference.OfFixture("glm4-moe");
        using var folder = new TemporaryFolder();
        RenamedFolder.Write(
            fixture, folder.FullName, config => Described.Merge(config, Fields),
            name => name.StartsWith(First, StringComparison.Ordinal) ? Second + name[First.Length..]
                : name.StartsWith(Second, StringComparison.Ordinal) ? First + name[Second.Length..] : name);
        using ModelSource source = ModelSource.Open(folder.FullName);
        ModelConfig config = source.ReadConfig();
        double[][] expected = new ReferenceTransformer(config, source.Weights, config.MaxContextLength).Logits(fixture.Tokens);
        string path = asGguf ? folder.PathOf("model.gguf") : folder.FullName;
        if (asGguf)
        {
            FolderAsGguf.Write(folder.FullName, "glm4moe", path);
        }

        using Model model = Model.Load(path, TestModels.Options());
        using Session session = model.CreateSession();
        var rows = new List<float>();
        session.ComputeLogits(fixture.Tokens, (_, row) => rows.AddRange(row.ToArray()));
        Comparison.AssertClose([.. rows], [.. expected.SelectMany(row => row)], Bounds.LogitsF32, path);
    }

    private static ModelVariant Variant(string fixture, string fields) => new(fixture, config => Described.Merge(config, fields));
}

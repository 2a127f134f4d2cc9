using System.Text.Json.Nodes;
using VkInfer.Kernels;

namespace VkInfer.Tests.Metadata;

/// <summary>Sizes, windows and names of Hugging Face folders as transformers takes them.</summary>
public sealed class FolderShapeTests
{
    [Test]
    public void A_window_that_a_type_does_not_know_or_use_is_none()
    {
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Windows("llama", ("sliding_window", 3)), Is.Empty);
        Assert.That(Windows("qwen2", ("sliding_window", 3)), Is.Empty, "use_sliding_window is false by default");
        Assert.That(Windows("qwen2", ("sliding_window", 3), ("use_sliding_window", false), ("max_window_layers", 0)), Is.Empty);
        Assert.That(Windows("qwen3", ("sliding_window", 3)), Is.Empty);
    }

    [Test]
    public void Null_zero_and_minus_one_are_no_window([Values("mistral", "phi3", "gemma2", "gemma3_text", "qwen2")] string type)
    {
        foreach (JsonNode? none in new JsonNode?[] { null, 0, -1, -1.0 })
        {
            Assert.That(Windows(type, ("sliding_window", none), ("use_sliding_window", true), ("max_window_layers", 0)), Is.Empty);
        }
    }

    [Test]
    public void Every_type_has_its_own_windows()
    {
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Windows("mistral"), Is.EqualTo([4096, 4096]), "MistralConfig's default");
        Assert.That(Windows("mistral", ("sliding_window", 3)), Is.EqualTo([3, 3]));
        Assert.That(Windows("phi3"), Is.Empty);
        Assert.That(Windows("phi3", ("sliding_window", 3)), Is.EqualTo([3, 3]));
        Assert.That(Windows("qwen2", ("sliding_window", 3), ("use_sliding_window", true)), Is.EqualTo([0, 0]),
            "28 layers without by default");
        Assert.That(Windows("qwen2", ("sliding_window", 3), ("use_sliding_window", true), ("max_window_layers", 1)), Is.EqualTo([0, 3]));
        Assert.That(Windows("qwen2", ("use_sliding_window", true), ("max_window_layers", 0)), Is.EqualTo([4096, 4096]));
        Assert.That(
            Windows("qwen3", ("sliding_window", 3), ("use_sliding_window", true),
                ("layer_types", new JsonArray("sliding_attention", "full_attention"))),
            Is.EqualTo([3, 0]));
        Assert.That(Windows("gemma2"), Is.EqualTo([4096, 0]));
        Assert.That(Windows("gemma2", ("sliding_window", 3), ("sliding_window_pattern", 1)), Is.EqualTo([3, 0]), "no key of Gemma 2");
        Assert.That(Windows("gemma3_text", ("sliding_window", 3)), Is.EqualTo([3, 3]));
        Assert.That(Windows("gemma3_text", ("sliding_window", 3), ("sliding_window_pattern", 2)), Is.EqualTo([3, 0]));
        Assert.That(
            Windows("gemma3_text", ("sliding_window", 3), ("layer_types", new JsonArray("full_attention", "sliding_attention"))),
                Is.EqualTo([0, 3]));
    }

    [TestCase("""["sliding_attention"]""", "2 types")]
    [TestCase("""["sliding_attention", "linear_attention"]""", "linear_attention")]
    public void Kinds_of_layers_that_do_not_run_are_refused(string types, string said)
    {
        using TinyFolder folder = TinyFolder.Of("gemma3_text").With("layer_types", JsonNode.Parse(types));
        Assert.That(Described.Refused(folder), Does.Contain("config.json: layer_types").And.Contain(said));
    }

    [Test]
    public void Absent_keys_have_the_defaults_of_the_type()
    {
        using TinyFolder mistral = TinyFolder.Of("mistral")
            .Without("rms_norm_eps").Without("rope_theta").Without("max_position_embeddings").Without("head_dim");
        ModelConfig config = Described.Folder(mistral);
        Assert.That((config.NormEps, config.RopeTheta, config.MaxContextLength, config.HeadDim), Is.EqualTo((1e-6f, 10000f, 131072, 8)));

        using TinyFolder phi3 = TinyFolder.Of("phi3").Without("rms_norm_eps").Without("max_position_embeddings");
        config = Described.Folder(phi3);
        Assert.That((config.NormEps, config.MaxContextLength), Is.EqualTo((1e-5f, 4096)));

        using TinyFolder gemma2 = TinyFolder.Of("gemma2");
        config = Described.Folder(gemma2);
        Assert.That((config.AttentionSoftCap, config.LogitSoftCap, config.AttentionScale), Is.EqualTo((50f, 30f, 1 / 16f)));
        Assert.That(config.Activation, Is.EqualTo(ActivationFunction.Gelu));

        using TinyFolder unbounded = TinyFolder.Of("gemma2").With("attn_logit_softcapping", null).With("final_logit_softcapping", null);
        config = Described.Folder(unbounded);
        Assert.That((config.AttentionSoftCap, config.LogitSoftCap), Is.EqualTo((0f, 0f)), "null is not absent");

        using TinyFolder gemma3 = TinyFolder.Of("gemma3_text").Without("rope_theta");
        config = Described.Folder(gemma3);
        Assert.That((config.RopeTheta, config.WindowedRopeTheta, config.LogitSoftCap), Is.EqualTo((1e6f, (float?)10000f, 0f)));
    }

    [Test]
    public void The_first_Gemma_says_gelu_and_means_its_tanh_form()
    {
        using TinyFolder folder = TinyFolder.Of("gemma").With("hidden_act", "gelu");
        Assert.That(Described.Folder(folder).Activation, Is.EqualTo(ActivationFunction.Gelu));
        using TinyFolder llama = TinyFolder.Of("llama").With("hidden_act", "gelu");
        Assert.That(Described.Folder(llama).Activation, Is.EqualTo(ActivationFunction.GeluErf));
    }

    [TestCase("vocab_size", 512)]
    [TestCase("intermediate_size", 40)]
    [TestCase("head_dim", 16)]
    public void Tensors_are_right_where_a_key_says_otherwise_and_a_warning_tells(string key, int value)
    {
        var logger = new ListLogger();
        using TinyFolder folder = new TinyFolder().With(key, value);
        ModelConfig config = Described.Folder(folder, logger);
        Assert.That((config.VocabSize, config.IntermediateSize, config.HeadDim, config.RotaryDim),
            Is.EqualTo((TinyFolder.VocabSize, 48, 8, 8)));
        Assert.That(logger.Warnings, Has.Count.EqualTo(1).And.All.Contains(key).And.All.Contains($"{value}"));
    }

    [Test]
    public void A_hidden_size_that_is_not_the_embeddings_is_refused_by_its_key()
    {
        using TinyFolder folder = new TinyFolder().With("hidden_size", 64);
        Assert.That(Described.Refused(folder), Does.Contain("config.json: hidden_size is 64").And.Contain("300 x 32"));
    }

    [Test]
    public void Lists_of_equal_values_and_whole_numbers_with_a_point_are_numbers()
    {
        using TinyFolder folder = new TinyFolder()
            .With("num_attention_heads", new JsonArray(4, 4)).With("intermediate_size", new JsonArray(48, 48))
            .With("hidden_size", JsonNode.Parse("32.0"));
        ModelConfig config = Described.Folder(folder);
        Assert.That((config.NumHeads, config.IntermediateSize, config.HiddenSize), Is.EqualTo((4, 48, 32)));
        using TinyFolder differing = new TinyFolder().With("intermediate_size", new JsonArray(48, 96));
        Assert.That(Described.Refused(differing), Does.Contain("intermediate_size is [48,96]").And.Contain("the same for all layers"));
    }

    [Test]
    public void Tensors_that_a_base_model_saved_have_no_prefix()
    {
        using TinyFolder folder = new TinyFolder().Rename(name => name["model.".Length..]);
        Assert.That(Described.Folder(folder).NumLayers, Is.EqualTo(2));
    }

    [TestCase("language_model.model.", "vision_tower.", "multi_modal_projector.")]
    [TestCase("model.language_model.", "model.vision_tower.", "model.multi_modal_projector.")]
    public void Of_a_Gemma_3_that_sees_the_part_for_text_is_taken(string prefix, string vision, string projector)
    {
        using TinyFolder folder = TinyFolder.Of("gemma3").Rename(name => prefix + name["model.".Length..]);
        folder.Add(vision + "vision_model.encoder.layers.0.layer_norm1.weight", 16);
        folder.Add(projector + "mm_input_projection_weight", 16, 32);
        JsonObject text = folder.Config;
        text.Remove("model_type");
        text.Remove("vocab_size");
        text.Remove("tie_word_embeddings");
        text["rope_scaling"] = new JsonObject { ["rope_type"] = "linear", ["factor"] = 8.0 };
        text.Remove("rope_theta");
        folder.Config = new JsonObject
        {
            ["model_type"] = "gemma3",
            ["text_config"] = text.DeepClone(),
            ["vision_config"] = new JsonObject { ["hidden_size"] = 16 },
            ["eos_token_id"] = new JsonArray(1, 106),
        };
        ModelConfig config = Described.Folder(folder);
        Assert.That((config.Architecture, config.VocabSize, config.HiddenSize, config.RopeTheta),
            Is.EqualTo(("gemma3", TinyFolder.VocabSize, 32, 1e6f)));
        Assert.That(config.RopeScaling, Is.EqualTo(new LinearRopeScaling(8)));
        using VkInfer.Loading.ModelSource source = VkInfer.Loading.ModelSource.Open(folder.Path);
        Assert.That(source.CreateTokenizer(config.VocabSize)!.EndOfGenerationTokenIds, Is.EquivalentTo([1, 106]));
    }

    [Test]
    public void A_whole_file_comes_before_an_index()
    {
        using TinyFolder folder = new TinyFolder().File(
            "model.safetensors.index.json", """{"weight_map": {"model.embed_tokens.weight": "model-00001-of-00005.safetensors"}}""");
        Assert.That(Described.Folder(folder).NumLayers, Is.EqualTo(2));
    }

    [TestCase("gpt2", "add_cross_attention", "true")]
    [TestCase("gpt2", "scale_attn_by_inverse_layer_idx", "true")]
    [TestCase("opt", "_remove_final_layer_norm", "true")]
    [TestCase("opt", "do_layer_norm_before", "false")]
    [TestCase("gemma2", "use_bidirectional_attention", "true")]
    [TestCase("chatglm", "post_layer_norm", "false")]
    [TestCase("chatglm", "rmsnorm", "false")]
    public void What_does_not_run_is_refused_by_its_key(string type, string key, string value)
    {
        using TinyFolder folder = new TinyFolder(type).With(key, JsonNode.Parse(value));
        Assert.That(Described.Refused(folder), Does.Contain($"config.json: {key} is {value}"));
    }

    private static IReadOnlyList<int> Windows(string type, params (string Key, JsonNode? Value)[] keys)
    {
        using TinyFolder folder = TinyFolder.Of(type);
        foreach ((string key, JsonNode? value) in keys)
        {
            folder.With(key, value?.DeepClone());
        }

        return Described.Folder(folder).Windows;
    }
}

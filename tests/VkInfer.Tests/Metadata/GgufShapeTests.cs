namespace VkInfer.Tests.Metadata;

/// <summary>Sizes and windows of GGUF files as llama.cpp takes them.</summary>
public sealed class GgufShapeTests
{
    [Test]
    public void Equal_values_per_layer_are_the_value()
    {
        ModelConfig config = Described.Gguf(model =>
        {
            model.Metadata["llama.attention.head_count"] = new[] { 4u, 4u };
            model.Metadata["llama.attention.head_count_kv"] = new[] { 2 };
            model.Metadata["llama.feed_forward_length"] = new[] { 64UL, 64UL, 64UL };
            model.Metadata["llama.rope.freq_base"] = new[] { 5000f, 5000f };
        });
        Assert.That((config.NumHeads, config.NumKvHeads, config.IntermediateSize, config.RopeTheta), Is.EqualTo((4, 2, 64, 5000f)));
    }

    [TestCase("llama.vocab_size", 265u, "264")]
    [TestCase("llama.vocab_size", 100000u, "264")]
    [TestCase("llama.feed_forward_length", 96u, "64")]
    [TestCase("llama.attention.key_length", 16u, "8")]
    [TestCase("llama.attention.key_length", 1024u, "8")]
    public void Tensors_are_right_where_a_key_says_otherwise_and_a_warning_tells(string key, uint value, string actual)
    {
        var logger = new ListLogger();
        ModelConfig config = Described.Gguf(model => model.Metadata[key] = value, logger);
        Assert.That((config.VocabSize, config.IntermediateSize, config.HeadDim, config.RotaryDim), Is.EqualTo((264, 64, 8, 8)));
        Assert.That(logger.Warnings, Has.Count.EqualTo(1).And.Some.Contains(key).And.Some.Contains($"{value}").And.Some.Contains(actual));
    }

    [Test]
    public void A_missing_vocab_size_and_a_wrong_value_length_are_no_matter()
    {
        ModelConfig config = Described.Gguf(model =>
        {
            model.Metadata.Remove("llama.vocab_size");
            model.Metadata["llama.attention.value_length"] = 16u;
        });
        Assert.That((config.VocabSize, config.HeadDim), Is.EqualTo((264, 8)));
    }

    [Test]
    public void A_llama_and_a_Qwen_have_no_window_whatever_the_key_says([Values("llama", "qwen2")] string architecture) =>
        Assert.That(Described.Gguf(architecture, model => model.Metadata[architecture + ".attention.sliding_window"] = 3u).Windows,
            Is.Empty);

    [TestCase(0u)]
    [TestCase(uint.MaxValue)]
    [TestCase(-1)]
    [TestCase(0L)]
    public void Zero_and_minus_one_are_no_window(object value)
    {
        foreach (string architecture in new[] { "phi3", "gemma2", "gemma3" })
        {
            Assert.That(Windows(architecture, value), Is.Empty, architecture);
        }
    }

    [Test]
    public void Families_have_the_windows_of_llama_cpp()
    {
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Windows("phi3", null), Is.Empty);
        Assert.That(Windows("phi3", 7u), Is.EqualTo([7, 7]));
        Assert.That(Windows("gemma2", null), Is.EqualTo([4096, 0]), "a default");
        Assert.That(Windows("gemma2", 7u), Is.EqualTo([7, 0]));
        Assert.That(Windows("gemma3", null), Is.Empty, "no default");
        Assert.That(Windows("gemma3", 7u), Is.EqualTo([7, 7]));
        Assert.That(Windows("gemma3", 7u, 2u), Is.EqualTo([7, 0]), "a period");
        Assert.That(Windows("gemma3", 7u, 0u), Is.EqualTo([7, 7]), "no full layer");
        Assert.That(Windows("gemma3", 7u, new[] { false, true }), Is.EqualTo([0, 7]), "a flag for each layer");
    }

    [Test]
    public void Gemma_has_the_bounds_of_llama_cpp()
    {
        ModelConfig gemma2 = Described.Gguf("gemma2", model => AddNorms(model, hasQkNorm: false));
        ModelConfig gemma3 = Described.Gguf("gemma3", model => AddNorms(model, hasQkNorm: true));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That((gemma2.AttentionSoftCap, gemma2.LogitSoftCap, gemma2.WindowedRopeTheta), Is.EqualTo((50f, 30f, (float?)null)));
        Assert.That((gemma3.AttentionSoftCap, gemma3.LogitSoftCap, gemma3.WindowedRopeTheta), Is.EqualTo((0f, 0f, (float?)10000f)));
        Assert.That((gemma2.RopeTheta, gemma3.RopeTheta), Is.EqualTo((10000f, 10000f)));
    }

    private static IReadOnlyList<int> Windows(string architecture, object? window, object? pattern = null) => Described.Gguf(
        architecture, model =>
    {
        AddNorms(model, architecture == "gemma3", hasPostNorms: architecture != "phi3");
        model.AddSecondLayer();
        if (window is not null)
        {
            model.Metadata[architecture + ".attention.sliding_window"] = window;
        }

        if (pattern is not null)
        {
            model.Metadata[architecture + ".attention.sliding_window_pattern"] = pattern;
        }
    }).Windows;

    private static void AddNorms(Hostile.TinyLlama model, bool hasQkNorm, bool hasPostNorms = true)
    {
        if (hasPostNorms)
        {
            model.Set("blk.0.post_attention_norm.weight", 32);
            model.Set("blk.0.post_ffw_norm.weight", 32);
        }

        if (hasQkNorm)
        {
            model.Set("blk.0.attn_q_norm.weight", 8);
            model.Set("blk.0.attn_k_norm.weight", 8);
        }
    }
}

using System.Text.Json.Nodes;

namespace VkInfer.Tests.Metadata;

/// <summary>Rotary scaling of Hugging Face folders as transformers 5 has it (modeling_rope_utils.py).</summary>
public sealed class FolderRopeTests
{
    [TestCase("""{"rope_type": "linear", "factor": 4.0}""")]
    [TestCase("""{"type": "linear", "factor": 4}""")]
    public void Both_names_of_the_type_are_read(string scaling) =>
        Assert.That(Read("llama", "rope_scaling", scaling).RopeScaling, Is.EqualTo(new LinearRopeScaling(4)));

    [Test]
    public void Rope_parameters_hold_what_stood_beside_them()
    {
        ModelConfig config = Read("llama", "rope_parameters",
            """{"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5}""");
        Assert.That((config.RopeTheta, config.RotaryDim, config.RopeScaling), Is.EqualTo((5000f, 4, (RopeScaling?)null)));
    }

    [TestCase("{}")]
    [TestCase("""{"rope_type": "default"}""")]
    [TestCase("""{"rope_type": "dynamic", "factor": 2.0}""")]
    public void These_change_nothing_up_to_the_length_of_the_model(string scaling) =>
        Assert.That(Read("llama", "rope_scaling", scaling).RopeScaling, Is.Null);

    [Test]
    public void A_factor_without_a_type_does_nothing_and_a_warning_tells()
    {
        var logger = new ListLogger();
        Assert.That(Read("llama", "rope_scaling", """{"factor": 4.0}""", logger).RopeScaling, Is.Null);
        Assert.That(logger.Warnings, Has.Count.EqualTo(1).And.All.Contains("rope_scaling.factor"));
    }

    [Test]
    public void Yarn_without_an_original_length_takes_the_length_of_the_model() => Assert.That(
        Read("llama", "rope_scaling", """{"rope_type": "yarn", "factor": 4.0}""").RopeScaling, Is.EqualTo(Yarn(4, 256)));

    [Test]
    public void Every_key_of_Yarn_counts()
    {
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Scaling("\"factor\": 4.0, \"original_max_position_embeddings\": 64"), Is.EqualTo(Yarn(4, 64)));
        Assert.That(Scaling("\"factor\": null, \"original_max_position_embeddings\": 64"), Is.EqualTo(Yarn(4, 64)),
            "the ratio of the lengths");
        Assert.That(Scaling("\"factor\": 4.0, \"attention_factor\": 1.5"), Is.EqualTo(Yarn(4, 256, attention: 1.5)));
        Assert.That(Scaling("\"factor\": 4.0, \"beta_fast\": 16, \"beta_slow\": 2"), Is.EqualTo(Yarn(4, 256, 16, 2)));
        Assert.That(Scaling("\"factor\": 4.0, \"beta_fast\": 0"), Is.EqualTo(Yarn(4, 256)), "0 counts as nothing");
        Assert.That(Scaling("\"factor\": 4.0, \"truncate\": false"), Is.EqualTo(Yarn(4, 256) with { Truncate = false }));
        Assert.That(Scaling("\"factor\": 4.0, \"mscale\": 1.0, \"mscale_all_dim\": 1.0"), Is.EqualTo(Yarn(4, 256, attention: 1)));
        Assert.That(
            Scaling("\"factor\": 4.0, \"mscale\": 0.7, \"mscale_all_dim\": 0.5"),
            Is.EqualTo(Yarn(4, 256, attention: ((0.07 * Math.Log(4)) + 1) / ((0.05 * Math.Log(4)) + 1))));
        Assert.That(Scaling("\"factor\": 4.0, \"mscale\": 0.7"), Is.EqualTo(Yarn(4, 256)), "one alone counts as none");

        static RopeScaling? Scaling(string fields) => Read("llama", "rope_scaling", $$"""{"rope_type": "yarn", {{fields}}}""").RopeScaling;
    }

    [Test]
    public void Without_truncate_the_ramp_begins_between_pairs()
    {
        double[] Frequencies(bool truncate)
        {
            double[] frequencies = [.. Enumerable.Range(0, 8).Select(pair => Math.Pow(10000, -pair / 8.0))];
            (Yarn(4, 64) with { Truncate = truncate }).Apply(frequencies, 10000, 256);
            return frequencies;
        }

        double high = 16 * Math.Log(64 / (2 * Math.PI)) / (2 * Math.Log(10000));
        double compressed = 1 / high;
        Assert.That(Frequencies(false)[1], Is.EqualTo(Math.Pow(10000, -1 / 8.0) * (1 - compressed + (compressed / 4))).Within(1e-12));
        Assert.That(Frequencies(true)[1], Is.Not.EqualTo(Frequencies(false)[1]).Within(1e-6));
    }

    [Test]
    public void Llama_3s_takes_the_length_of_the_model_where_there_is_no_other() => Assert.That(
        Read("llama", "rope_scaling",
            """{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}""").RopeScaling,
        Is.EqualTo(new Llama3RopeScaling(8, 1, 4, 256)));

    [TestCase("longrope")]
    [TestCase("su")]
    [TestCase("yarn")]
    public void Phi_3_calls_long_ro_PE_by_three_names(string type)
    {
        using TinyFolder folder = TinyFolder.Of("phi3").With("original_max_position_embeddings", 64).With("rope_scaling", JsonNode.Parse(
            $$"""{"type": "{{type}}", "short_factor": [1, 1, 1, 1], "long_factor": [1, 2, 3, 4]}"""));
        var scaling = (LongRopeScaling)Described.Folder(folder).RopeScaling!;
        Assert.That((scaling.OriginalContextLength, scaling.LongFactors[3]), Is.EqualTo((64, 4f)));
        Assert.That(scaling.AttentionFactor, Is.EqualTo(Math.Sqrt(1 + (Math.Log(4) / Math.Log(64)))).Within(1e-6));
    }

    [TestCase("rope_scaling", """{"rope_type": "linear"}""", "rope_scaling.factor is nothing")]
    [TestCase("rope_scaling", """{"rope_type": "linear", "factor": 1e38}""", "rope_scaling.factor is 1e38")]
    [TestCase("rope_scaling", """{"rope_type": "linear", "factor": -4}""", "rope_scaling.factor is -4")]
    [TestCase("rope_scaling", """{"rope_type": "yarn", "factor": 4, "attention_factor": 1e38}""", "rope_scaling.attention_factor is 1e38")]
    [TestCase("rope_scaling", """{"rope_type": "yarn", "factor": 4, "beta_fast": 1, "beta_slow": 2}""", "rope_scaling.beta_fast is 1")]
    [TestCase("rope_scaling", """{"rope_type": "yarn", "factor": 4, "truncate": 1}""", "rope_scaling.truncate is 1")]
    [TestCase("rope_scaling", """{"rope_type": "mrope", "mrope_section": [1]}""", "rope_scaling.rope_type is \"mrope\"")]
    [TestCase("rope_scaling", """{"type": "ntk"}""", "rope_scaling.type is \"ntk\"")]
    [TestCase("rope_scaling", """{"rope_type": 4}""", "rope_scaling.rope_type is 4")]
    [TestCase("rope_scaling", "[4]", "rope_scaling is [4]")]
    [TestCase("rope_scaling", """{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}""",
        "high_freq_factor is 4")]
    [TestCase("rope_scaling", """{"rope_type": "longrope", "short_factor": [1], "long_factor": [1, 2, 3, 4]}""",
        "short_factor is a list of 1")]
    [TestCase("rope_scaling", """{"rope_type": "longrope", "short_factor": [1, 1, 1, 0], "long_factor": [1, 2, 3, 4]}""",
        "short_factor[3] is 0")]
    [TestCase("rope_parameters", """{"partial_rotary_factor": 1.5}""", "rope_parameters.partial_rotary_factor is 1.5")]
    [TestCase("rope_parameters", """{"full_attention": {}, "sliding_attention": {"rope_type": "linear"}}""",
        "sliding_attention.rope_type is \"linear\"")]
    [TestCase("rope_theta", "1e-38", "rope_theta is 1e-38")]
    [TestCase("rms_norm_eps", "1e38", "rms_norm_eps is 1e38")]
    public void What_cannot_be_honoured_is_refused(string key, string value, string said)
    {
        using TinyFolder folder = new TinyFolder().With(key, JsonNode.Parse(value));
        Assert.That(Described.Refused(folder), Does.Contain("config.json: ").And.Contain(said).And.Contain("; expected "));
    }

    private static YarnRopeScaling Yarn(float factor, int original, float fast = 32, float slow = 1, double? attention = null) =>
        new(factor, original, fast, slow, (float)(attention ?? ((0.1 * Math.Log(factor)) + 1)));

    private static ModelConfig Read(string type, string key, string value, ListLogger? logger = null)
    {
        using TinyFolder folder = TinyFolder.Of(type).With(key, JsonNode.Parse(value));
        return Described.Folder(folder, logger);
    }
}

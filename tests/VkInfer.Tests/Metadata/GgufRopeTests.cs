using VkInfer.Transformer;

namespace VkInfer.Tests.Metadata;

/// <summary>
/// Rotary scaling of GGUF files as llama.cpp has it. Expected values are computed here, after ggml_rope_yarn and the constructor of
/// llama_context: angles and magnitudes of single pairs.
/// </summary>
public sealed class GgufRopeTests
{
    private const int Position = 100;
    private const int Context = 256;

    [TestCase("rope.scaling.factor")]
    [TestCase("rope.scale_linear")]
    public void A_factor_without_a_type_is_linear(string key)
    {
        float[] scaled = Table(("rope.scaling.type", "linear"), ("rope.scaling.factor", 8f));
        Assert.That(Table((key, 8f)), Is.EqualTo(scaled));
        Assert.That(Table(), Is.Not.EqualTo(scaled));
        AssertPair(scaled, 1, Position * Theta(1) / 8, 1);
    }

    [Test]
    public void The_newer_key_comes_first_and_zero_is_no_factor()
    {
        Assert.That(Table(("rope.scaling.factor", 8f), ("rope.scale_linear", 2f)), Is.EqualTo(Table(("rope.scaling.factor", 8f))));
        Assert.That(Table(("rope.scaling.factor", 0f), ("rope.scale_linear", 2f)), Is.EqualTo(Table()));
        Assert.That(Table(("rope.scaling.type", "none"), ("rope.scaling.factor", 8f)), Is.EqualTo(Table()));
    }

    [Test]
    public void The_factor_of_attention_counts_with_every_type([Values("none", "linear", "yarn", "longrope")] string type)
    {
        float[] plain = Table(("rope.scaling.type", type));
        float[] doubled = Table(("rope.scaling.type", type), ("rope.scaling.attn_factor", 2f));
        Assert.That(doubled, Is.EqualTo(plain.Select(value => value * 2)).Within(1e-6));
    }

    [Test]
    public void Yarn_without_an_original_length_takes_the_length_of_the_training()
    {
        float[] said = Table(("rope.scaling.type", "yarn"), ("rope.scaling.factor", 4f),
            ("rope.scaling.original_context_length", (uint)Context));
        Assert.That(Table(("rope.scaling.type", "yarn"), ("rope.scaling.factor", 4f)), Is.EqualTo(said));
        Assert.That(Table(("rope.scaling.type", "yarn"), ("rope.scaling.factor", 4f), ("rope.scaling.original_context_length", 32u)),
            Is.Not.EqualTo(said));
    }

    [Test]
    public void Every_key_of_Yarn_counts()
    {
        (string, object)[] yarn =
        [
            ("rope.scaling.type", "yarn"), ("rope.scaling.factor", 4f), ("rope.scaling.original_context_length", 64u),
        ];
        (double low, double high) = (Math.Floor(PairOf(32, 64)), Math.Ceiling(PairOf(1, 64)));
        double kept = 1 - Math.Clamp((1 - Math.Max(low, 0)) / Math.Max(0.001, Math.Min(high, 7) - Math.Max(low, 0)), 0, 1);
        double magnitude = 1 + (0.1 * Math.Log(4));
        using IDisposable scope = Assert.EnterMultipleScope();
        AssertPair(Table(yarn), 1, Angle(kept), magnitude);
        AssertPair(Table([.. yarn, ("rope.scaling.yarn_attn_factor", 2f)]), 1, Angle(kept), 2 * magnitude);
        AssertPair(Table([.. yarn, ("rope.scaling.yarn_log_multiplier", 0.1f)]), 1, Angle(kept), magnitude / (1 + (0.01 * Math.Log(4))));
        AssertPair(Table([.. yarn, ("rope.scaling.yarn_ext_factor", 0.5f)]), 1, Angle(kept / 2), magnitude);
        AssertPair(Table([.. yarn, ("rope.scaling.yarn_ext_factor", -1f)]), 1, Angle(kept), magnitude);
        AssertPair(Table([.. yarn, ("rope.scaling.yarn_ext_factor", 0f)]), 1, Angle(0), 1);
        Assert.That(Table([.. yarn, ("rope.scaling.yarn_beta_slow", 8f)]), Is.Not.EqualTo(Table(yarn)));
        Assert.That(Table([.. yarn, ("rope.scaling.yarn_beta_fast", 1f)]), Is.Not.EqualTo(Table(yarn)));
        Assert.That(
            Table(("rope.scaling.factor", 4f), ("rope.scaling.original_context_length", 64u), ("rope.scaling.yarn_ext_factor", 1f)),
                Is.EqualTo(Table(yarn)),
            "an extrapolation makes YaRN of linear scaling");

        static double Angle(double kept) => Position * Theta(1) * (kept + ((1 - kept) / 4));
        static double PairOf(double turns, double original) => 8 * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(10000));
    }

    [Test]
    public void Frequency_factors_and_a_scaling_both_count()
    {
        ModelConfig config = Described.Gguf(model =>
        {
            model.SetValues("rope_freqs.weight", [1, 2, 4, 8], 4);
            model.Metadata["llama.rope.scaling.factor"] = 4f;
        });
        AssertPair(RopeTable.Compute(config, Context), 1, Position * Theta(1) / 8, 1);
    }

    [Test]
    public void A_llama_of_type_longrope_takes_its_factors_by_the_length_of_the_context()
    {
        ModelConfig config = Described.Gguf(model =>
        {
            model.SetValues("rope_factors_long.weight", [1, 2, 4, 8], 4);
            model.SetValues("rope_factors_short.weight", [1, 1, 1, 1], 4);
            model.Metadata["llama.rope.scaling.type"] = "longrope";
            model.Metadata["llama.rope.scaling.original_context_length"] = 128u;
        });
        AssertPair(RopeTable.Compute(config, 128), 1, Position * Theta(1), 1);
        AssertPair(RopeTable.Compute(config, Context), 1, Position * Theta(1) / 2, 1);
    }

    private static double Theta(int pair) => Math.Pow(10000, -pair / 4.0);

    private static float[] Table(params (string Key, object Value)[] keys) => RopeTable.Compute(
        Described.Gguf(model =>
        {
            foreach ((string key, object value) in keys)
            {
                model.Metadata["llama." + key] = value;
            }
        }),
        Context);

    private static void AssertPair(float[] table, int pair, double angle, double magnitude)
    {
        int at = ((Position * 4) + pair) * 2;
        Assert.That((table[at], table[at + 1]),
            Is.EqualTo(((float)(magnitude * Math.Cos(angle)), (float)(magnitude * Math.Sin(angle)))).Using<(float, float)>(
            (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-5 && Math.Abs(a.Item2 - b.Item2) < 1e-5));
    }
}

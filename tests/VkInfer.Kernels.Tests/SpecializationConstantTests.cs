using System.Text.RegularExpressions;

namespace VkInfer.Kernels.Tests;

/// <summary>The typed records of specialisation constants against the shaders' own declarations.</summary>
public sealed partial class SpecializationConstantTests
{
    [Test]
    public void Store_projection() => Check<GemvStoreConstants>();

    [Test]
    public void Gated_projection() => Check<GemvGatedConstants>();

    [Test]
    public void Attention_projection() => Check<GemvQkvConstants>();

    [Test]
    public void Decode_attention() => Check<DecodeAttentionConstants>();

    [Test]
    public void Decode_attention_on_matrix_units() => Check<DecodeAttentionMatrixConstants>();

    [Test]
    public void Norm() => Check<NormConstants>();

    [Test]
    public void Norm_in_fixed_point() => Check<NormFixedConstants>();

    [Test]
    public void Activation() => Check<ActivateConstants>();

    [Test]
    public void Experts() => Check<ExpertConstants>();

    [Test]
    public void Groups_of_experts() => Check<GroupConstants>();

    [Test]
    public void Router() => Check<RouteConstants>();

    [Test]
    public void Sum_of_experts() => Check<CombineConstants>();

    [Test]
    public void Added_rows() => Check<AddRowsConstants>();

    [Test]
    public void Rotation_and_store() => Check<RopeStoreConstants>();

    [Test]
    public void Latent_store() => Check<LatentStoreConstants>();

    [Test]
    public void Short_convolution() => Check<ShortConvConstants>();

    [Test]
    public void Gated_delta_rule() => Check<GatedDeltaConstants>();

    [Test]
    public void State_space() => Check<Mamba2Constants>();

    [Test]
    public void Gated_heads() => Check<GateHeadsConstants>();

    private static void Check<T>()
        where T : struct, IKernelConstants
    {
        string text = ShaderSource.Read(T.Source);
        var declared = Declaration().Matches(text).ToDictionary(m => int.Parse(m.Groups[1].Value), m => m.Groups[2].Value);
        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Contain("local_size_x_id = 0"));
            Assert.That(declared.OrderBy(pair => pair.Key).Select(pair => pair.Value), Is.EqualTo(T.Names.Skip(1)));
            Assert.That(declared.Keys.Order(), Is.EqualTo(Enumerable.Range(1, T.Names.Count - 1)));
            Assert.That(default(T).ToSpecialization().Count, Is.EqualTo(T.Names.Count));
        });
    }

    [GeneratedRegex(@"constant_id = (\d+)\) const \w+ (\w+)")]
    private static partial Regex Declaration();
}

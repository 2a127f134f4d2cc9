using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>The push-constant structs against the GLSL blocks of <c>shaders/push</c> and against the compiled code.</summary>
public sealed partial class PushConstantTests
{
    private static readonly Dictionary<string, Type> Structs = new()
    {
        ["activate"] = typeof(ActivatePush),
        ["add_rows"] = typeof(AddRowsPush),
        ["attention_decode"] = typeof(DecodeAttentionPush),
        ["attention_prefill"] = typeof(PrefillAttentionPush),
        ["attention_scores"] = typeof(ScoreStatisticsPush),
        ["combine"] = typeof(CombinePush),
        ["embed"] = typeof(EmbedPush),
        ["expert"] = typeof(ExpertPush),
        ["gate_heads"] = typeof(GateHeadsPush),
        ["gated_delta"] = typeof(GatedDeltaPush),
        ["gather_rows"] = typeof(GatherRowsPush),
        ["gemm"] = typeof(GemmPush),
        ["gemv"] = typeof(GemvPush),
        ["group"] = typeof(GroupPush),
        ["mamba2"] = typeof(Mamba2Push),
        ["norm"] = typeof(NormPush),
        ["quantize"] = typeof(QuantizePush),
        ["random_blocks"] = typeof(RandomBlocksPush),
        ["random_weights"] = typeof(RandomWeightsPush),
        ["resolve_rows"] = typeof(ResolveRowsPush),
        ["rope_store"] = typeof(RopeStorePush),
        ["latent_store"] = typeof(LatentStorePush),
        ["route"] = typeof(RoutePush),
        ["sample"] = typeof(SamplePush),
        ["short_conv"] = typeof(ShortConvPush),
        ["soft_cap"] = typeof(SoftCapPush),
    };

    private static IEnumerable<TestCaseData> Variants =>
        from variant in ShaderSource.Variants()
        let push = PushFile().Match(ShaderSource.Read(variant.Source))
        where push.Success
        select new TestCaseData(variant.Variant, push.Groups[1].Value);

    [TestCaseSource(nameof(Variants))]
    public void Both_sides_agree(string variant, string pushFile)
    {
        Match block = Block().Match(ShaderSource.Read($"push/{pushFile}.glsl"));
        Type type = Structs[pushFile];
        (FieldInfo Field, int Offset)[] fields = [.. Fields(type, 0)];
        ShaderReflection reflection = ShaderLibrary.Get(variant).Reflection;
        Assert.Multiple(() =>
        {
            AssertSameMembers([.. fields.Select(field => field.Field)], block);
            Assert.That(
                reflection.PushConstantMembers.Select(member => (member.Offset, member.Size)),
                Is.EqualTo(fields.Select(field => (field.Offset, Marshal.SizeOf(field.Field.FieldType)))));
            Assert.That(Marshal.SizeOf(type), Is.EqualTo(reflection.PushConstantSize).And.AtMost(128));
        });
    }

    [Test]
    public void The_step_state_is_laid_out_as_its_struct()
    {
        Match block = StateBlock().Match(ShaderSource.Read("include/step_state.glsl"));
        Assert.Multiple(() =>
        {
            AssertSameMembers(typeof(StepState).GetFields(BindingFlags.Instance | BindingFlags.Public), block);
            Assert.That(Unsafe.SizeOf<StepState>(), Is.EqualTo(StepState.SizeInBytes));
        });
    }

    [Test]
    public void A_sequence_is_laid_out_as_its_struct()
    {
        Match block = SequenceBlock().Match(ShaderSource.Read("include/rows.glsl"));
        Assert.Multiple(() =>
        {
            AssertSameMembers(typeof(SequenceEntry).GetFields(BindingFlags.Instance | BindingFlags.NonPublic), block);
            Assert.That(Unsafe.SizeOf<SequenceEntry>() % sizeof(ulong), Is.Zero);
            Assert.That(Marshal.OffsetOf<StepState>(nameof(StepState.Position)), Is.EqualTo((nint)0));
            Assert.That(Marshal.OffsetOf<StepState>(nameof(StepState.TokenId)), Is.EqualTo((nint)sizeof(uint)));
        });
    }

    [Test]
    public void A_row_is_laid_out_as_its_struct()
    {
        Match block = RowBlock().Match(ShaderSource.Read("include/rows.glsl"));
        Assert.Multiple(() =>
        {
            AssertSameMembers(typeof(RowEntry).GetFields(BindingFlags.Instance | BindingFlags.NonPublic), block);
            Assert.That(RowList.SizeInBytes(3), Is.EqualTo(4 * Unsafe.SizeOf<RowEntry>()));
        });
    }

    // With those of a place in a chain, which many structs have.
    private static IEnumerable<(FieldInfo Field, int Offset)> Fields(Type type, int offset) =>
        from field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        let at = offset + (int)Marshal.OffsetOf(type, field.Name)
        from part in field.FieldType == typeof(ChainPush) ? Fields(field.FieldType, at) : [(field, at)]
        select part;

    private static void AssertSameMembers(FieldInfo[] fields, Match block) => Assert.That(
        fields.Select(field => (TypeName(field.FieldType), Name(field))),
        Is.EqualTo(Member().Matches(block.Groups[1].Value).Select(
            member => (member.Groups[1].Value, member.Groups[2].Value.Replace("_", "").ToLowerInvariant()))));

    // An address is two words.
    private static string TypeName(Type type) => type == typeof(ulong) ? "uvec2" : type == typeof(float) ? "float" : "uint";

    // A record's fields are called <Name>k__BackingField.
    private static string Name(FieldInfo field) => field.Name.Split('<', '>').MaxBy(part => part == "k__BackingField" ? 0 : part.Length)!
        .ToLowerInvariant();

    [GeneratedRegex("#include \"push/(.+)\\.glsl\"")]
    private static partial Regex PushFile();

    [GeneratedRegex(@"uniform \w+ \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"struct StepState \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex StateBlock();

    [GeneratedRegex(@"struct Row \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex RowBlock();

    [GeneratedRegex(@"struct Sequence \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex SequenceBlock();

    [GeneratedRegex(@"^\s*(uvec2|uint|float) (\w+);", RegexOptions.Multiline)]
    private static partial Regex Member();
}

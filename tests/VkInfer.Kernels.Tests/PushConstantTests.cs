using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

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
        ["gemm"] = typeof(GemmPush),
        ["gemv"] = typeof(GemvPush),
        ["norm"] = typeof(NormPush),
        ["quantize"] = typeof(QuantizePush),
        ["random_blocks"] = typeof(RandomBlocksPush),
        ["random_weights"] = typeof(RandomWeightsPush),
        ["rope_store"] = typeof(RopeStorePush),
        ["route"] = typeof(RoutePush),
        ["sample"] = typeof(SamplePush),
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
        var block = Block().Match(ShaderSource.Read($"push/{pushFile}.glsl"));
        var type = Structs[pushFile];
        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        var members = Member().Matches(block.Groups[1].Value);
        var reflection = ShaderLibrary.Get(variant).Reflection;
        Assert.Multiple(() =>
        {
            Assert.That(
                fields.Select(field => (field.FieldType == typeof(float) ? "float" : "uint", Name(field))),
                Is.EqualTo(members.Select(member => (member.Groups[1].Value, member.Groups[2].Value.Replace("_", "").ToLowerInvariant()))));
            Assert.That(
                reflection.PushConstantMembers.Select(member => (member.Offset, member.Size)),
                Is.EqualTo(fields.Select(field => ((int)Marshal.OffsetOf(type, field.Name), Marshal.SizeOf(field.FieldType)))));
            Assert.That(Marshal.SizeOf(type), Is.EqualTo(reflection.PushConstantSize).And.AtMost(128));
        });
    }

    [Test]
    public void The_step_state_is_laid_out_as_its_struct()
    {
        var declared = Member().Matches(StateBlock().Match(ShaderSource.Read("include/step_state.glsl")).Groups[1].Value);
        var fields = typeof(StepState).GetFields(BindingFlags.Instance | BindingFlags.Public);
        Assert.Multiple(() =>
        {
            Assert.That(
                fields.Select(field => (field.FieldType == typeof(float) ? "float" : "uint", Name(field))),
                Is.EqualTo(declared.Select(member => (member.Groups[1].Value, member.Groups[2].Value.Replace("_", "").ToLowerInvariant()))));
            Assert.That(Unsafe.SizeOf<StepState>(), Is.EqualTo(StepState.SizeInBytes));
        });
    }

    [Test]
    public void A_sequence_is_laid_out_as_its_struct()
    {
        var declared = SequenceMember().Matches(SequenceBlock().Match(ShaderSource.Read("include/sequences.glsl")).Groups[1].Value);
        var fields = typeof(SequenceEntry).GetFields(BindingFlags.Instance | BindingFlags.NonPublic);
        Assert.Multiple(() =>
        {
            Assert.That(
                fields.Select(field => (field.FieldType == typeof(ulong) ? "uvec2" : field.FieldType == typeof(float) ? "float" : "uint", Name(field))),
                Is.EqualTo(declared.Select(member => (member.Groups[1].Value, member.Groups[2].Value.Replace("_", "").ToLowerInvariant()))));
            Assert.That(Unsafe.SizeOf<SequenceEntry>() % sizeof(ulong), Is.Zero);
            Assert.That(Marshal.OffsetOf<StepState>(nameof(StepState.Position)), Is.EqualTo((nint)0));
        });
    }

    // A record's fields are called <Name>k__BackingField.
    private static string Name(FieldInfo field) => field.Name.Split('<', '>').MaxBy(part => part == "k__BackingField" ? 0 : part.Length)!
        .ToLowerInvariant();

    [GeneratedRegex("#include \"push/(.+)\\.glsl\"")]
    private static partial Regex PushFile();

    [GeneratedRegex(@"uniform \w+ \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"struct StepState \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex StateBlock();

    [GeneratedRegex(@"struct Sequence \{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex SequenceBlock();

    [GeneratedRegex(@"^\s*(uvec2|uint|float) (\w+);", RegexOptions.Multiline)]
    private static partial Regex SequenceMember();

    [GeneratedRegex(@"^\s*(uint|float) (\w+);", RegexOptions.Multiline)]
    private static partial Regex Member();
}

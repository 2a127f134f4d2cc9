using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.SelfTest;

/// <summary>The cases of the self-test: right kernels pass, and a kernel that is broken never does.</summary>
public sealed class KernelSelfTestTests : GpuTest
{
    private static readonly AttentionShape Shape = new(8, 2, 64, 64, RopePairing.SplitHalf, 512, KvType.F32, 0.125f);

    private static readonly AttentionShape Latent = new(6, 1, 96, 0, RopePairing.SplitHalf, 512, KvType.F32, 0.125f)
    {
        HasKeysAsValues = true,
    };

    private static IEnumerable<TestCaseData> Spreads =>
        [new TestCaseData(true).SetArgDisplayNames("narrow"), new TestCaseData(false).SetArgDisplayNames("wide")];

    // One for each number of weights in a chunk, and one with sub-blocks.
    private static WeightType[] EveryType => [.. WeightLayout.WithKernels(Enum.GetValues<WeightType>())];

    private static WeightType[] Types => [.. TestWeights.ChunkSizes, WeightType.Q4_K];

    [TestCaseSource(nameof(Spreads))]
    public void Right_kernels_pass(bool narrow)
    {
        List<SelfTestResult> results = Run(new KernelContext(Device) { IsSoftware = narrow }, Types);
        Assert.That(results.Where(result => result.Problem is not null).Select(result => (result.Case.Key, result.Problem)), Is.Empty);
    }

    [TestCaseSource(nameof(Spreads))]
    [Category("Long")]
    public void Right_kernels_pass_for_every_format(bool narrow)
    {
        List<SelfTestResult> results = Run(new KernelContext(Device) { IsSoftware = narrow }, EveryType);
        Assert.That(results.Where(result => result.Problem is not null).Select(result => (result.Case.Key, result.Problem)), Is.Empty);
    }

    [Test]
    public void A_broken_kernel_never_passes()
    {
        var context = new KernelContext(Device) { ReplaceShader = (shader, _) => BrokenShader.Of(shader) };
        List<SelfTestResult> results = Run(context, [WeightType.Q8_0]);
        Assert.That(results.Where(result => result.Problem is null).Select(result => result.Case.Key), Is.Empty);
    }

    // As where the subgroups have another size than was asked for: more workgroups leave sums than are counted.
    [Test]
    public void Sums_of_squares_that_are_not_counted_are_seen()
    {
        KernelContext whole = new(Device) { IsSoftware = false };
        KernelContext context = whole with
        {
            Capabilities = whole.Capabilities with { SubgroupSize = whole.Capabilities.SubgroupSize * 2 },
        };
        SelfTestCase[] cases = [.. LinearCases.Vector(context, WeightType.F16, Shape).Where(each => each.Key.Contains("residual"))];
        Assert.That(
            KernelSelfTest.Run(context, Decode, cases, Limits, default, out _).Select(result => result.Problem), Has.All.Not.Null);
    }

    [Test]
    public void A_pipeline_that_the_device_refuses_is_a_failure_and_no_exception()
    {
        var tooLittle = new KernelContext(Device)
        {
            ReplaceShader = (shader, _) => shader.Name == "norm_f32" ? new ShaderCode("damaged", shader.SpirV[..64]) : shader,
        };
        IReadOnlyList<SelfTestResult> results = KernelSelfTest.Run(
            tooLittle, Decode, [RowCases.Norm(tooLittle, 256, false, ActivationType.F32), .. RowCases.Choose(tooLittle)], Limits, default,
            out _);
        Assert.Multiple(() =>
        {
            Assert.That(results[0].Problem, Does.Contain("damaged"));
            Assert.That(results.Skip(1).Select(result => result.Problem), Is.All.Null);
        });
    }

    [Test]
    public void A_budget_that_is_spent_leaves_cases_for_later()
    {
        var context = new KernelContext(Device);
        Assert.That(
            KernelSelfTest.Run(context, Decode, Cases(context, [WeightType.Q8_0]), Limits with { Budget = TimeSpan.Zero }, default, out _),
            Has.Count.EqualTo(1));
    }

    [Test]
    public void Keys_tell_cases_apart()
    {
        var context = new KernelContext(Device);
        Assert.That(Cases(context, EveryType).Select(each => each.Key), Is.Unique);
    }

    private static SelfTestLimits Limits { get; } = new(TimeSpan.FromMinutes(10), CountsPipelines: false, TimeSpan.FromMinutes(5));

    private static List<SelfTestResult> Run(KernelContext context, WeightType[] types)
    {
        var results = new List<SelfTestResult>();
        SelfTestCase[] cases = Cases(context, types);
        while (results.Count < cases.Length)
        {
            results.AddRange(KernelSelfTest.Run(context, Decode, cases[results.Count..], Limits, default, out _));
        }

        return results;
    }

    private static SelfTestCase[] Cases(KernelContext context, WeightType[] types) =>
    [
        .. types.Select(LinearCases.Embed),
        .. types.SelectMany(type => LinearCases.Vector(context, type, Shape)),
        .. types.Select(type => LinearCases.Matrix(context, type, 512, 512, new GemmKernel(context).PreferredInput(type), 24)),
        .. AttentionCases.Schemes.SelectMany(softmax => new[]
        {
            AttentionCases.Decode(context, Shape, softmax), AttentionCases.Prefill(context, Shape, softmax),
            AttentionCases.DecodeRows(context, Shape, softmax, ActivationType.F32),
            AttentionCases.DecodeRows(context, Shape, softmax, ActivationType.F16),
        }),
        AttentionCases.Store(context, Shape), RowCases.Resolve(context), .. RowCases.Positions(context, 512),
        RowCases.Norm(context, 512, layerNorm: false, ActivationType.F32), RowCases.Norm(context, 512, layerNorm: true, ActivationType.F32),
        RowCases.Activate(context, ActivationFunction.Silu, gated: true, ActivationType.F32),
        RowCases.Activate(context, ActivationFunction.Gelu, gated: false, ActivationType.F32),
        RowCases.Activate(context, ActivationFunction.Gelu, gated: false, ActivationType.F32, biased: true),
        .. RowCases.Choose(context),
        .. types.Select(type => ExpertCases.Products(context, type)), .. types.Select(type => ExpertCases.Vector(context, type)),
        .. types.SelectMany(type => ExpertCases.Grouped(
            context, type, type, new GemmKernel(context).PreferredInput(type), seqLen: 24, experts: 4, used: 2, 512, 512)),
        .. RouterCases.Usual(context), ExpertCases.Combined(context), .. ChoiceCases.All(context),
        LatentCases.Heads(context, types[0]),
        .. OfMixers(context),
        AttentionCases.Decode(context, Shape, AttentionCases.Schemes[0], sinks: true),
        AttentionCases.DecodeRows(context, Shape, AttentionCases.Schemes[0], ActivationType.F32, sinks: true),
        AttentionCases.Prefill(context, Shape, AttentionCases.Schemes[0], sinks: true),
        AttentionCases.Decode(context, Latent, AttentionCases.Schemes[0]),
        AttentionCases.Prefill(context, Latent, AttentionCases.Schemes[0]),
    ];

    private static IEnumerable<SelfTestCase> OfMixers(KernelContext context) =>
    [
        .. RecurrentCases.ShortConv(context, new ShortConvShape(90, 4), isBiased: true),
        .. RecurrentCases.ShortConv(context, new ShortConvShape(64, 3, IsGated: true), isBiased: false),
        .. RecurrentCases.GatedDelta(context, new GatedDeltaShape(4, 8, 32, 48)),
        .. RecurrentCases.GatedDelta(context, new GatedDeltaShape(1, 3, 24, 16, IsTiled: true, InterleavesRates: true)),
        .. RecurrentCases.Mamba2(context, new Mamba2Shape(8, 24, 40, 4)),
        .. GateCases.Sigmoid(context, 64, ActivationType.F16, VectorForm.Fixed),
        .. GateCases.Silu(context, 30, ActivationType.F32, VectorForm.Float),
        .. GateCases.Normed(context, 64, ActivationType.F32, VectorForm.Fixed, isOfEachHead: false, isBehindGates: false),
        .. GateCases.Normed(context, 64, ActivationType.F16, VectorForm.Fixed, isOfEachHead: true, isBehindGates: true),
        .. Enum.GetValues<KvType>().SelectMany(
            type => LatentCases.Store(context, new LatentShape(5, 12, 8, 56, RopePairing.SplitHalf), type)),
    ];

    private static void Decode(WeightType type, ReadOnlySpan<byte> source, Span<float> values) =>
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, values);
}

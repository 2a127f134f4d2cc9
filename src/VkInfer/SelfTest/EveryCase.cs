using VkInfer.Kernels;

namespace VkInfer;

/// <summary>The forms that some model or other takes: every format of weights, caches of both types, heads of usual widths.</summary>
internal sealed class EveryCase(IReadOnlyList<WeightType> types) : ISelfTestCases
{
    private const int Width = 4096;

    private static readonly int[] HeadDims = [64, 128];
    private static readonly bool[] WithAndWithout = [false, true];
    private static readonly int[] GroupSizes = [1, 4];
    private static readonly int[] SeqLens = [1, 4, 8, 16, 32, 48, 96, 512];

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> First(KernelContext context) =>
        WeightLayout.WithKernels(types).SelectMany(type => OfType(context, type)).Concat(OfAttention(context))
            .Concat(RowCases.Choose(context)).Append(RowCases.Resolve(context)).Concat(RowCases.Positions(context, Width))
            .Concat(OfRows(context)).Concat(RouterCases.Usual(context)).Append(ExpertCases.Combined(context))
            .Concat(OfMixers(context)).Concat(ChoiceCases.All(context));

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> Rest(KernelContext context) => [];

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> OfCache(KernelContext context, KvType type) => [];

    // Shapes of Qwen3-Next, Nemotron-H, LFM2 and GLM-4.7-Flash.
    private static IEnumerable<SelfTestCase> OfMixers(KernelContext context)
    {
        var delta = new GatedDeltaShape(16, 32, 128, 128);
        var latent = new LatentShape(20, 192, 64, 512, RopePairing.Interleaved);
        return RecurrentCases.ShortConv(context, new ShortConvShape(delta.InputWidth, 4), isBiased: false)
            .Concat(RecurrentCases.ShortConv(context, new ShortConvShape(2048, 3, IsGated: true), isBiased: false))
            .Concat(RecurrentCases.ShortConv(context, new ShortConvShape(2048, 4), isBiased: true))
            .Concat(RecurrentCases.GatedDelta(context, delta))
            .Concat(RecurrentCases.Mamba2(context, new Mamba2Shape(128, 64, 128, 8)))
            .Concat(Enum.GetValues<ActivationType>().SelectMany(type => Gated(context, type)))
            .Concat(Enum.GetValues<KvType>().SelectMany(type => LatentCases.Store(context, latent, type)));
    }

    private static IEnumerable<SelfTestCase> Gated(KernelContext context, ActivationType type) =>
        GateCases.Sigmoid(context, 128, type, VectorForm.Fixed).Concat(GateCases.Silu(context, 128, type, VectorForm.Fixed))
            .Concat(GateCases.Normed(context, 128, type, VectorForm.Fixed, isOfEachHead: false, isBehindGates: false))
            .Concat(GateCases.Normed(context, 128, type, VectorForm.Fixed, isOfEachHead: true, isBehindGates: true));

    private static IEnumerable<SelfTestCase> OfType(KernelContext context, WeightType type)
    {
        ActivationType input = new GemmKernel(context).PreferredInput(type);
        return LinearCases.Vector(context, type, Shape(64, 1, KvType.F16))
            .Concat(LinearCases.Vector(context, type, Shape(64, 1, KvType.F32)))
            .Append(LinearCases.Embed(type))
            .Append(ExpertCases.Products(context, type)).Append(ExpertCases.Vector(context, type)).Append(LatentCases.Heads(context, type))
            .Concat(ExpertCases.Grouped(context, type, type, input, seqLen: 512, experts: 8, used: 2, 2 * Width, Width))
            .Concat(SeqLens.Select(seqLen => LinearCases.Matrix(context, type, Width, Width, input, seqLen)));
    }

    private static IEnumerable<SelfTestCase> OfAttention(KernelContext context) =>
        from headDim in HeadDims
        from groupSize in GroupSizes
        from kvType in Enum.GetValues<KvType>()
        let shape = Shape(headDim, groupSize, kvType)
        from each in new[]
        {
            AttentionCases.Store(context, shape),
        }.Concat(OfSoftmax(context, shape))
        select each;

    private static IEnumerable<SelfTestCase> OfSoftmax(KernelContext context, AttentionShape shape) =>
        from softmax in AttentionCases.Schemes
        from sinks in WithAndWithout
        from each in new[]
        {
            AttentionCases.Decode(context, shape, softmax, sinks), AttentionCases.Prefill(context, shape, softmax, sinks),
            AttentionCases.DecodeRows(context, shape, softmax, ActivationType.F32, sinks),
            AttentionCases.DecodeRows(context, shape, softmax, ActivationType.F16, sinks),
        }
        select each;

    private static IEnumerable<SelfTestCase> OfRows(KernelContext context) =>
        from output in Enum.GetValues<ActivationType>()
        from each in new[]
        {
            RowCases.Norm(context, Width, layerNorm: false, output), RowCases.Norm(context, Width, layerNorm: true, output),
            RowCases.Activate(context, ActivationFunction.Silu, gated: true, output),
            RowCases.Activate(context, ActivationFunction.Silu, gated: true, output, biased: true),
            RowCases.Activate(context, ActivationFunction.Gelu, gated: false, output),
        }
        select each;

    private static AttentionShape Shape(int headDim, int groupSize, KvType type) => new(
        8 * groupSize, 8, headDim, headDim, RopePairing.SplitHalf, 4096, type, 1 / MathF.Sqrt(headDim));
}

using VkInfer.Kernels;

namespace VkInfer;

/// <summary>The forms that some model or other takes: every format of weights, caches of both types, heads of usual widths.</summary>
internal sealed class EveryCase(IReadOnlyList<WeightType> types) : ISelfTestCases
{
    private const int Width = 4096;

    private static readonly int[] HeadDims = [64, 128];
    private static readonly int[] GroupSizes = [1, 4];
    private static readonly int[] SeqLens = [1, 4, 8, 16, 32, 48, 96, 512];

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> First(KernelContext context) =>
        WeightLayout.WithKernels(types).SelectMany(type => OfType(context, type)).Concat(OfAttention(context))
            .Concat(RowCases.Choose(context)).Append(RowCases.Resolve(context)).Concat(RowCases.Positions(context, Width))
            .Concat(OfRows(context)).Concat(ExpertCases.Routing(context));

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> Rest(KernelContext context) => [];

    private static IEnumerable<SelfTestCase> OfType(KernelContext context, WeightType type)
    {
        ActivationType input = new GemmKernel(context).PreferredInput(type);
        return LinearCases.Vector(context, type, Shape(64, 1, KvType.F16))
            .Concat(LinearCases.Vector(context, type, Shape(64, 1, KvType.F32)))
            .Append(LinearCases.Embed(type))
            .Append(ExpertCases.Products(context, type)).Append(ExpertCases.Vector(context, type))
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
        from each in new[]
        {
            AttentionCases.Decode(context, shape, softmax), AttentionCases.Prefill(context, shape, softmax),
            AttentionCases.DecodeRows(context, shape, softmax, ActivationType.F32),
            AttentionCases.DecodeRows(context, shape, softmax, ActivationType.F16),
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

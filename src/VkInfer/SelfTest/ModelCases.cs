using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Transformer;

namespace VkInfer;

/// <summary>Which forms of kernels a model takes.</summary>
internal sealed class ModelCases(ModelConfig config, TransformerWeights weights, ModelOptions options) : ISelfTestCases
{
    // A short prompt, and a long one.
    private static readonly int[] UsualRows = [24, 512];

    // One for each step of the choice between forms; see GemmHeuristic.
    private static readonly int[] OtherRows = [1, 2, 4, 8, 16, 32, 48, 96, 192, 1024];

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> First(KernelContext context)
    {
        AttentionShape attention = Attention(context);
        yield return LinearCases.Embed(weights.Embedding.Type);
        foreach (WeightType type in WeightLayout.WithKernels(weights.Matrices.SelectMany(stack => stack.Parts).Select(part => part.Type)))
        {
            foreach (SelfTestCase each in LinearCases.Vector(context, type, attention))
            {
                yield return each;
            }
        }

        yield return AttentionCases.Decode(context, attention);
        foreach (SelfTestCase each in RowCases.Choose(context))
        {
            yield return each;
        }

        foreach (ActivationType input in weights.Matrices.Select(new GemmKernel(context).PreferredInput).Distinct())
        {
            yield return RowCases.Norm(context, config.HiddenSize, config.Norm != NormKind.RmsNorm, input);
            foreach ((bool isGated, bool isBiased) in Dense.Select(block => (block.IsGated, weights[block.Up].Bias is not null)).Distinct())
            {
                yield return RowCases.Activate(context, config.Activation, isGated, input, isBiased);
            }
        }

        if (Mixtures.Any())
        {
            foreach (SelfTestCase each in Experts(context))
            {
                yield return each;
            }
        }

        yield return AttentionCases.Store(context, attention);
        yield return AttentionCases.Prefill(context, attention);
        foreach (SelfTestCase each in Products(context, UsualRows))
        {
            yield return each;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> Rest(KernelContext context) => Products(context, OtherRows);

    private IEnumerable<DenseBlock> Dense => weights.Blocks.Layers.Select(layer => layer.FeedForward).OfType<DenseBlock>();

    private IEnumerable<MixtureBlock> Mixtures => weights.Blocks.Layers.Select(layer => layer.FeedForward).OfType<MixtureBlock>();

    private IEnumerable<SelfTestCase> Experts(KernelContext context) => ExpertCases.Routing(context).Concat(
        Mixtures.SelectMany(block => weights[block.Up].Matrix.Parts.Concat(weights[block.Down].Matrix.Parts)).Select(part => part.Type)
            .Distinct().Select(type => ExpertCases.Products(context, type)));

    private IEnumerable<SelfTestCase> Products(KernelContext context, int[] rows)
    {
        var kernel = new GemmKernel(context);
        return
            from stack in weights.Matrices.Concat(Mixtures.Select(block => weights[block.Router].Matrix))
            let input = kernel.PreferredInput(stack)
            from part in stack.Parts
            group part by (part.Type, part.Rows, part.Columns, input) into shape
            from seqLen in rows
            where seqLen <= Math.Max(options.PrefillChunk, UsualRows[0])
            select LinearCases.Matrix(context, shape.Key.Type, shape.Key.Rows, shape.Key.Columns, shape.Key.input, seqLen);
    }

    private AttentionShape Attention(KernelContext context) =>
        new DecoderTransformer(config, weights, new KernelSet(context)).Shape(options.KvType, options.ResolveContextLength(config), 0);
}

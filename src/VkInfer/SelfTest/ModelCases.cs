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
        // The first is always done in time: without it dispatches are not chained.
        if (context.ChainsDispatches && ChainedType(context) is { } chained)
        {
            yield return ChainCases.Products(chained);
        }

        IReadOnlyList<AttentionShape> attention = Attention(context);
        yield return LinearCases.Embed(weights.Embedding.Type);
        if (weights.Blocks.PerLayer is { } perLayer && weights[perLayer.Embedding].Matrix.Parts[0].Type is var table
            && table != weights.Embedding.Type)
        {
            yield return LinearCases.Embed(table);
        }

        foreach (WeightType type in WeightLayout.WithKernels(Multiplied.SelectMany(stack => stack.Parts).Select(part => part.Type)))
        {
            foreach (SelfTestCase each in LinearCases.Vector(context, type, attention[0]))
            {
                yield return each;
            }
        }

        if (weights.Positions is not null)
        {
            foreach (SelfTestCase each in RowCases.Positions(context, config.HiddenSize))
            {
                yield return each;
            }
        }

        (AttentionSoftmax decode, AttentionSoftmax prefill) = UsualSoftmax;
        foreach (SelfTestCase each in Sinks.SelectMany(sinks => attention.Select(
            shape => AttentionCases.Decode(context, shape, decode, sinks))).Concat(Mixers(context)).Concat(RowCases.Choose(context)))
        {
            yield return each;
        }

        foreach (ActivationType input in Inputs(context))
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

        foreach (SelfTestCase each in Stored(context, attention).Concat(Sinks.SelectMany(sinks => attention.Select(
            shape => AttentionCases.Prefill(context, shape, prefill, sinks)))).Concat(Products(context, UsualRows)))
        {
            yield return each;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> Rest(KernelContext context) =>
        Rows(context).Concat(Products(context, OtherRows)).Concat(Grouped(context, OtherRows)).Concat(ChoiceCases.All(context));

    /// <inheritdoc/>
    public IEnumerable<SelfTestCase> OfCache(KernelContext context, KvType type)
    {
        IReadOnlyList<AttentionShape> attention = Attention(context, type);
        (AttentionSoftmax decode, AttentionSoftmax prefill) = UsualSoftmax;
        return Multiplied.SelectMany(stack => stack.Parts).Select(part => part.Type).Distinct()
            .SelectMany(each => LinearCases.Vector(context, each, attention[0]))
            .Concat(Stored(context, attention))
            .Concat(weights.Blocks.Layers.SelectMany(layer => layer.Mixers).OfType<LatentBlock>()
                .SelectMany(block => LatentCases.Store(context, block.Recipe.Shape, type)))
            .Concat(
                from shape in attention
                from sinks in Sinks
                from each in Inputs(context).Select(input => AttentionCases.DecodeRows(context, shape, decode, input, sinks))
                    .Prepend(AttentionCases.Decode(context, shape, decode, sinks))
                    .Append(AttentionCases.Prefill(context, shape, prefill, sinks))
                select each);
    }

    // Products of the others are in no chain.
    private WeightType? ChainedType(KernelContext context)
    {
        var kernel = new GemvKernel(context);
        return weights.Matrices.FirstOrDefault(stack => kernel.FormOf(stack) == VectorForm.Fixed)?.Parts[0].Type;
    }

    // What a model does that has no calibration; with one, its layers may have any scheme.
    private (AttentionSoftmax Decode, AttentionSoftmax Prefill) UsualSoftmax
    {
        get
        {
            LayerSoftmax usual = SoftmaxPlan.For(options.Softmax, 1, null).Layers[0];
            return (Scheme(usual.Decode), Scheme(usual.Prefill));
        }
    }

    private static AttentionSoftmax Scheme(AttentionSoftmax softmax) =>
        AttentionCases.Schemes.First(scheme => scheme.Scheme == softmax.Scheme);

    // Of batches, and of the softmax that a calibration may choose.
    private IEnumerable<SelfTestCase> Rows(KernelContext context)
    {
        (AttentionSoftmax decode, AttentionSoftmax prefill) = UsualSoftmax;
        return (
            from attention in Attention(context)
            from sinks in Sinks
            from each in Inputs(context).Select(input => AttentionCases.DecodeRows(context, attention, decode, input, sinks))
                .Concat(AttentionCases.Schemes.Where(softmax => softmax != decode).SelectMany(
                    softmax => Inputs(context).Select(input => AttentionCases.DecodeRows(context, attention, softmax, input, sinks))
                        .Append(AttentionCases.Decode(context, attention, softmax, sinks))))
                .Concat(AttentionCases.Schemes.Where(softmax => softmax != prefill).Select(
                    softmax => AttentionCases.Prefill(context, attention, softmax, sinks)))
            select each).Append(RowCases.Resolve(context));
    }

    private IEnumerable<ActivationType> Inputs(KernelContext context) =>
        weights.Matrices.Select(new GemmKernel(context).PreferredInput).Distinct();

    // Whether heads have sinks: of some layers they may, and of others not.
    private bool[] Sinks => [.. weights.Blocks.Layers.SelectMany(layer => layer.Mixers)
        .Select(block => block is AttentionBlock { Recipe.HasSinks: true }).Distinct()];

    // Latents are stored by a kernel of their own.
    private static IEnumerable<SelfTestCase> Stored(KernelContext context, IEnumerable<AttentionShape> attention) =>
        attention.Where(shape => !shape.HasKeysAsValues).Select(shape => AttentionCases.Store(context, shape));

    /// <summary>What mixers take beside attention itself, and its store.</summary>
    private IEnumerable<SelfTestCase> Mixers(KernelContext context)
    {
        var gemm = new GemmKernel(context);
        var gemv = new GemvKernel(context);
        return weights.Blocks.Layers.SelectMany(layer => layer.Mixers).SelectMany(block =>
        {
            StackedWeights output = weights[block.Output].Matrix;
            return Of(context, block, gemm.PreferredInput(output), gemv.FormOf(output));
        });
    }

    private IEnumerable<SelfTestCase> Of(KernelContext context, MixerBlock block, ActivationType output, VectorForm form) => block switch
    {
        GatedDeltaBlock { Recipe: var recipe } => RecurrentCases.ShortConv(context, recipe.Convolution, isBiased: false)
            .Concat(RecurrentCases.GatedDelta(context, recipe.Shape))
            .Concat(GateCases.Normed(context, recipe.Shape.ValueDim, output, form, isOfEachHead: false, isBehindGates: false)),
        Mamba2Block { Recipe: var recipe } mamba => RecurrentCases.ShortConv(context, recipe.Convolution, mamba.ConvolutionBias is not null)
            .Concat(RecurrentCases.Mamba2(context, recipe.Shape))
            .Concat(mamba.Norm is null
                ? GateCases.Silu(context, recipe.OutputDim, output, form)
                : GateCases.Normed(
                    context, recipe.OutputDim, output, form, isOfEachHead: true, isBehindGates: recipe.Gates == Mamba2Gates.BeforeNorm)),
        ShortConvBlock { Recipe: var recipe } => RecurrentCases.ShortConv(context, recipe.Convolution, isBiased: false),
        LatentBlock { Recipe: var recipe } latent => LatentCases.Store(context, recipe.Shape, options.KvType).Concat(
            new[] { latent.Key, latent.Value }.Select(part => LatentCases.Heads(context, weights[part].Matrix.Parts[0].Type))),
        AttentionBlock { Recipe: { HasGates: true } recipe } => GateCases.Sigmoid(context, recipe.HeadsIn(config).Dim, output, form),
        _ => [],
    };

    private IEnumerable<StackedWeights> Multiplied => weights.Matrices.Concat(Mixtures.Select(block => weights[block.Router].Matrix));

    private IEnumerable<DenseBlock> Dense => weights.Blocks.Layers.Select(layer => layer.FeedForward).OfType<DenseBlock>();

    private IEnumerable<MixtureBlock> Mixtures => weights.Blocks.Layers.Select(layer => layer.FeedForward).OfType<MixtureBlock>();

    private IEnumerable<SelfTestCase> Experts(KernelContext context) => Routing(context).Append(ExpertCases.Combined(context)).Concat(
        Mixtures.SelectMany(block => weights[block.Up].Matrix.Parts.Concat(weights[block.Down].Matrix.Parts)).Select(part => part.Type)
            .Distinct().SelectMany(type => new[] { ExpertCases.Vector(context, type), ExpertCases.Products(context, type) }))
        .Concat(Grouped(context, UsualRows));

    private IEnumerable<SelfTestCase> Routing(KernelContext context) => Mixtures.SelectMany(block =>
    {
        SelfTestCase choice = RouterCases.Choice(
            context, block.Recipe.Router, config.NumExperts, config.NumExpertsPerToken, block.ChoiceBias is not null,
            block.Scales is not null);
        return block.SharedGate is null
            ? new[] { choice }
            : [choice, RouterCases.Choice(context, FeedForwardPass.OneExpert, 1, 1)];
    });

    // Tiles depend on the rows.
    private IEnumerable<SelfTestCase> Grouped(KernelContext context, int[] rows)
    {
        var kernel = new GroupedGemmKernel(context);
        return (
            from block in Mixtures
            let up = weights[block.Up].Matrix.Parts[0]
            let down = weights[block.Down].Matrix.Parts[0]
            group (up, down) by (up.Type, down.Type) into types
            from seqLen in rows
            where seqLen <= options.PrefillChunk
            let first = types.First()
            from each in ExpertCases.Grouped(
                context, first.up.Type, first.down.Type, kernel.PreferredInput(first.up, first.down), seqLen, config.NumExperts,
                config.NumExpertsPerToken, first.up.Rows / config.NumExperts, first.up.Columns)
            select each).DistinctBy(each => each.Key);
    }

    private IEnumerable<SelfTestCase> Products(KernelContext context, int[] rows)
    {
        var kernel = new GemmKernel(context);
        return
            from stack in Multiplied
            let input = kernel.PreferredInput(stack)
            from part in stack.Parts
            group part by (part.Type, part.Rows, part.Columns, input) into shape
            from seqLen in rows
            where seqLen <= Math.Max(options.PrefillChunk, UsualRows[0])
            select LinearCases.Matrix(context, shape.Key.Type, shape.Key.Rows, shape.Key.Columns, shape.Key.input, seqLen);
    }

    private IReadOnlyList<AttentionShape> Attention(KernelContext context) => Attention(context, options.KvType);

    // Of each kind of layer but for windows, which are no other form; gates are another kernel's.
    private IReadOnlyList<AttentionShape> Attention(KernelContext context, KvType type) =>
        [.. new DecoderTransformer(config, weights, new KernelSet(context))
            .Shapes(type, options.ResolveContextLength(config))
            .Select(shape => shape with { HasGates = false, ReadsOthers = false })
            .DistinctBy(shape => (shape.NumHeads, shape.NumKvHeads, shape.HeadDim, shape.RotaryDim))];
}

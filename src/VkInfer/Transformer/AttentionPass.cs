using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Attention, from a normalised input to what the output projection takes: of one row, of a prompt's rows, of rows of several sequences.
/// Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class AttentionPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
{
    /// <summary>The attention of a layer over a cache of this type and capacity.</summary>
    public AttentionShape Shape(KvType type, int capacity, int index)
    {
        AttentionRecipe recipe = ((AttentionBlock)weights.Blocks.Layers[index].Mixer).Recipe;
        return new AttentionShape(
            config.NumHeads, config.NumKvHeads, config.HeadDim, recipe.IsRotated ? config.RotaryDim : 0, config.RopePairing, capacity, type,
            config.AttentionScale ?? 1f / MathF.Sqrt(config.HeadDim), config.Window(index), config.AttentionSoftCap)
        {
            Temperature = recipe.Temperature,
        };
    }

    private AttentionShape Shape(KvCache cache, int index) => Shape(cache.Type, cache.Capacity, index);

    /// <summary>Rows of a tile of attention of runs, in each layer, where the longest run has so many rows.</summary>
    public int TileRows(AttentionShape shape, SoftmaxPlan softmax, int index, int longestRun) =>
        kernels.PrefillAttention.TileRows(shape, softmax.Layers[index].Prefill.Scheme, longestRun);

    /// <summary>
    /// Queries, keys and values of one token, in one dispatch, or in two where heads are normalised, queries grow with their position or
    /// the device lacks 16-bit storage.
    /// </summary>
    public void RecordQkv(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index,
        AttentionBlock block)
    {
        LinearWeights qkv = weights[block.Qkv];
        AttentionShape shape = Shape(cache, index);
        QkNorm? headNorm = HeadNorm(block);
        if (headNorm is not null || shape.Temperature.Beta != 0 || !kernels.Gemv.CanRecordQkv(shape.KvType))
        {
            kernels.Gemv.Record(commands, qkv.Matrix, input, act.Qkv, GemvMode.Store, qkv.Bias);
            kernels.RopeStore.RecordStep(
                commands, act.Qkv, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index), qkNorm: headNorm);
        }
        else
        {
            kernels.Gemv.RecordQkv(
                commands, qkv.Matrix, input, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index), qkv.Bias);
        }
    }

    /// <summary>Attention of one token.</summary>
    public VectorInput RecordAttend(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index, AttentionBlock block)
    {
        AttentionShape shape = Shape(cache, index);
        VectorForm form = DecodeAttentionKernel.CanStoreFixed(shape)
            ? kernels.Gemv.FormOf(weights[block.Output].Matrix)
            : VectorForm.Float;
        kernels.DecodeAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Decode, act.Query, cache.Layer(index), cache.Blocks(index), stepState,
            act.AttentionScratch, cache.SoftmaxStats, act.Attention, form, Sinks(block));
        return new VectorInput(act.Attention, form);
    }

    /// <summary>Norm and product: the residual stream to <see cref="RowActivations.Qkv"/>, without its bias.</summary>
    /// <returns>The type in which <see cref="GemmInputs.Normed"/> holds the input.</returns>
    public ActivationType RecordQkv(CommandList commands, RowActivations act, NormPart? norm, AttentionBlock block, int rows)
    {
        StackedWeights qkv = weights[block.Qkv].Matrix;
        ActivationType type = kernels.Gemm.PreferredInput(qkv);
        stream.RecordInput(commands, act, norm, rows, type);
        kernels.Gemm.Record(
            commands, qkv, act.Inputs(type).Normed, act.Qkv, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        return type;
    }

    /// <summary>Keys and values of all rows are stored before any attends, so that several of them may belong to one sequence.</summary>
    public void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index, AttentionBlock block)
    {
        RowsCache cache = pass.Cache;
        KvLayer place = cache.Store.Layer(index);
        StepShape most = step.Shape;
        AttentionShape shape = Shape(cache.Store.Type, cache.Capacity, index);
        BufferView? bias = weights[block.Qkv].Bias;
        if (most.Alone > 0)
        {
            kernels.RopeStore.RecordRows(
                commands, act.Qkv, shape, Rope(index), step.Alone, cache.Sequences, place, act.Query, most.Rows, ActivationType.F32,
                bias, HeadNorm(block));
        }

        if (most.RunRows > 0)
        {
            kernels.RopeStore.RecordRows(
                commands, act.Qkv, shape, Rope(index), step.Runs, cache.Sequences, place, act.RunQuery, most.Rows,
                kernels.PrefillAttention.QueryType(shape), bias, HeadNorm(block));
            if (pass.Statistics is { } statistics)
            {
                kernels.ScoreStatistics.Record(
                    commands, shape, kernels.PrefillAttention.QueryType(shape), act.RunQuery, step.Runs, cache.Sequences, place,
                    statistics.Layer(index), most.Rows);
            }
        }

        ActivationType type = OutputType(block);
        BufferView attended = act.Inputs(type).Attention;
        if (most.Alone > 0)
        {
            kernels.DecodeAttention.RecordRows(
                commands, shape, cache.Softmax.Layers[index].Decode, step.Alone, cache.Sequences, place, act.Query, pass.AttentionScratch,
                attended, type, most.Rows, Sinks(block));
        }

        if (most.RunRows > 0)
        {
            if (commands.IsProfiled)
            {
                commands.Describe(PrefillAttentionKernel.DescribeRun(shape, most.RunRows, step.FirstPosition));
            }

            kernels.PrefillAttention.Record(
                commands, shape, cache.Softmax.Layers[index].Prefill,
                step.Tiles(TileRows(shape, cache.Softmax, index, most.LongestRun)), cache.Sequences, place, act.RunQuery, attended,
                most.Rows, most.LongestRun, type, Sinks(block));
        }
    }

    /// <summary>Attention's output projection of rows, added to the residual stream.</summary>
    public void RecordOutput(CommandList commands, RowActivations act, AttentionBlock block, NormPart? postNorm, int rows)
    {
        ActivationType type = OutputType(block);
        stream.RecordAdd(commands, act, block.Output, act.Inputs(type).Attention, type, postNorm, rows);
    }

    private ActivationType OutputType(AttentionBlock block) => kernels.Gemm.PreferredInput(weights[block.Output].Matrix);

    private BufferView Rope(int index) => config.Window(index) > 0 ? weights.Rope.Windowed : weights.Rope.Full;

    private BufferView? Sinks(AttentionBlock block) => block.Sinks is { } sinks ? weights[sinks] : null;

    private QkNorm? HeadNorm(AttentionBlock block) =>
        block.HeadNorm is { } gains ? new QkNorm(weights[gains], config.NormEps, Kind(block.Recipe.HeadNorm)) : null;

    private static QkNormKind Kind(HeadNormKind kind) => kind switch
    {
        HeadNormKind.EachHead => QkNormKind.EachHead,
        HeadNormKind.Projection => QkNormKind.Projection,
        HeadNormKind.EachHeadRotated => QkNormKind.EachHeadRotated,
        _ => throw new NotSupportedException($"no kernel for a norm of heads of kind {kind}"),
    };
}

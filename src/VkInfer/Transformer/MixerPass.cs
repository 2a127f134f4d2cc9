using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// How layers' mixers of one kind are recorded: from a normalised input to what the last product takes. Records commands only; immutable,
/// thread-safe.
/// </summary>
internal abstract class MixerPass(TransformerWeights weights, KernelSet kernels, ResidualStream stream)
{
    /// <summary>The model's weights.</summary>
    protected TransformerWeights Weights => weights;

    /// <summary>What layers are made of.</summary>
    protected KernelSet Kernels => kernels;

    /// <summary>The attention of a layer over a cache of this type and capacity; null: it does not attend.</summary>
    public virtual AttentionShape? Shape(KvType type, int capacity, int index) => null;

    /// <summary>Rows of a tile of attention of runs, where the longest run has so many rows.</summary>
    public int TileRows(AttentionShape shape, SoftmaxPlan softmax, int index, int longestRun) =>
        kernels.PrefillAttention.TileRows(shape, softmax.Layers[index].Prefill.Scheme, longestRun);

    /// <summary>Heads of one row as the last product takes them: in fixed point where they are whole blocks of it.</summary>
    protected HeadOutput Mixed(DecodeActivations act, MixerBlock block, int headDim) => new(
        act.Mixed, Form: HeadOutput.CanBeFixed(headDim) ? kernels.Gemv.FormOf(weights[block.Output].Matrix) : VectorForm.Float);

    /// <summary>One row's first product, and what can be done with it before anything else of the layer.</summary>
    public abstract void RecordInput(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index);

    /// <summary>One row, from its first product to what the last one takes.</summary>
    public abstract VectorInput RecordMix(CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index);

    /// <summary>
    /// The same of rows of several sequences, from <see cref="RowActivations.MixerInput"/> to <see cref="GemmInputs.Mixed"/>.
    /// </summary>
    public abstract void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index);

    /// <summary>Norm and first product of rows: the residual stream to <see cref="RowActivations.MixerInput"/>, without its bias.</summary>
    /// <param name="commands">Receives them.</param>
    /// <param name="act">The rows.</param>
    /// <param name="norm">The norm of the input, or null.</param>
    /// <param name="block">The mixer's weights.</param>
    /// <param name="rows">How many rows.</param>
    /// <returns>The type in which <see cref="GemmInputs.Normed"/> holds the input.</returns>
    public ActivationType RecordInput(CommandList commands, RowActivations act, NormPart? norm, MixerBlock block, int rows)
    {
        StackedWeights input = weights[block.Input].Matrix;
        ActivationType type = kernels.Gemm.PreferredInput(input);
        stream.RecordInput(commands, act, norm, rows, type);
        kernels.Gemm.Record(
            commands, input, act.Inputs(type).Normed, act.MixerInput, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        return type;
    }

    /// <summary>The last product of rows, added to the residual stream.</summary>
    public void RecordOutput(CommandList commands, RowActivations act, NormPart? postNorm, MixerBlock block, int rows)
    {
        ActivationType type = OutputType(block);
        stream.RecordAdd(commands, act, block.Output, act.Inputs(type).Mixed, type, postNorm, rows);
    }

    /// <summary>Attention of rows whose keys and values are stored: of those alone, and of runs.</summary>
    /// <param name="commands">Receives it.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="pass">What the step's passes share.</param>
    /// <param name="step">Which rows.</param>
    /// <param name="index">The layer.</param>
    /// <param name="query">Queries of rows alone, float32.</param>
    /// <param name="runQuery">Queries of runs, of <see cref="PrefillAttentionKernel.QueryType"/>.</param>
    /// <param name="attended">Output, of <paramref name="type"/>.</param>
    /// <param name="type">Its type.</param>
    /// <param name="sinks">Scores without values, or null.</param>
    protected void RecordAttention(
        CommandList commands, AttentionShape shape, RowsPass pass, PassRows step, int index, BufferView query, BufferView runQuery,
        BufferView attended, ActivationType type, BufferView? sinks = null)
    {
        RowsCache cache = pass.Cache;
        KvLayer place = cache.Store.Layer(index);
        StepShape most = step.Shape;
        if (most.RunRows > 0 && pass.Statistics is { } statistics)
        {
            kernels.ScoreStatistics.Record(
                commands, shape, kernels.PrefillAttention.QueryType(shape), runQuery, step.Runs, cache.Sequences, place,
                statistics.Layer(index), most.Rows);
        }

        if (most.Alone > 0)
        {
            kernels.DecodeAttention.RecordRows(
                commands, shape, cache.Softmax.Layers[index].Decode, step.Alone, cache.Sequences, place, query, pass.AttentionScratch,
                attended, type, most.Rows, sinks);
        }

        if (most.RunRows > 0)
        {
            if (commands.IsProfiled)
            {
                commands.Describe(PrefillAttentionKernel.DescribeRun(shape, most.RunRows, step.FirstPosition));
            }

            kernels.PrefillAttention.Record(
                commands, shape, cache.Softmax.Layers[index].Prefill,
                step.Tiles(TileRows(shape, cache.Softmax, index, most.LongestRun)), cache.Sequences, place, runQuery, attended, most.Rows,
                most.LongestRun, type, sinks);
        }
    }

    /// <summary>The type in which the last product of rows takes its input.</summary>
    protected ActivationType OutputType(MixerBlock block) => kernels.Gemm.PreferredInput(weights[block.Output].Matrix);
}

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
    : MixerPass(weights, kernels, stream)
{
    /// <inheritdoc/>
    public override AttentionShape Shape(KvType type, int capacity, int index)
    {
        AttentionRecipe recipe = Block(index).Recipe;
        HeadShape heads = recipe.HeadsIn(config);
        return new AttentionShape(
            heads.Count, heads.KvCount, heads.Dim, recipe.IsRotated ? heads.RotaryDim : 0, config.RopePairing, capacity, type,
            config.AttentionScale ?? 1f / MathF.Sqrt(heads.Dim), config.Window(index), config.AttentionSoftCap)
        {
            Temperature = recipe.Temperature,
            HasGates = recipe.HasGates,
            ReadsOthers = recipe.KvLayer is not null,
            SeesLater = config.IsEncoder,
        };
    }

    private AttentionBlock Block(int index) => Weights.Blocks.Layers[index].Mixer<AttentionBlock>();

    private AttentionShape Shape(KvCache cache, int index) => Shape(cache.Type, cache.Capacity, index);

    /// <summary>
    /// Queries, keys and values of one token, in one dispatch, or in two where heads are normalised or have gates, queries grow with their
    /// position, keys are another layer's or the device lacks 16-bit storage.
    /// </summary>
    public override void RecordInput(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index)
    {
        AttentionBlock block = Block(index);
        LinearWeights qkv = Weights[block.Qkv];
        AttentionShape shape = Shape(cache, index);
        QkNorm? headNorm = HeadNorm(block);
        if (headNorm is not null || shape.Temperature.Beta != 0 || shape.HasGates || shape.ReadsOthers
            || !Kernels.Gemv.CanRecordQkv(shape.KvType))
        {
            Kernels.Gemv.Record(commands, qkv.Matrix, input, act.MixerInput, GemvMode.Store, qkv.Bias);
            Kernels.RopeStore.RecordStep(
                commands, act.MixerInput, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index),
                qkNorm: headNorm);
        }
        else
        {
            Kernels.Gemv.RecordQkv(
                commands, qkv.Matrix, input, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index), qkv.Bias);
        }
    }

    /// <summary>Attention of one token.</summary>
    public override VectorInput RecordMix(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        AttentionBlock block = Block(index);
        AttentionShape shape = Shape(cache, index);
        HeadOutput mixed = Mixed(act, block, shape.HeadDim);
        HeadOutput attended = shape.HasGates ? new HeadOutput(act.MixerOutput) : mixed;
        Kernels.DecodeAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Decode, act.Query, cache.Layer(index), cache.Blocks(index), stepState,
            act.AttentionScratch, cache.SoftmaxStats, attended.Data, attended.Form, Sinks(block));
        if (shape.HasGates)
        {
            RecordGates(commands, shape, act.MixerInput, attended.Data, mixed, 1);
        }

        return mixed.ToInput();
    }

    /// <summary>Keys and values of all rows are stored before any attends, so that several of them may belong to one sequence.</summary>
    public override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        AttentionBlock block = Block(index);
        RowsCache cache = pass.Cache;
        KvLayer place = cache.Store.Layer(index);
        StepShape most = step.Shape;
        AttentionShape shape = Shape(cache.Store.Type, cache.Capacity, index);
        BufferView? bias = Weights[block.Qkv].Bias;
        if (most.Alone > 0)
        {
            Kernels.RopeStore.RecordRows(
                commands, act.MixerInput, shape, Rope(index), step.Alone, cache.Sequences, place, act.Query, most.Rows, ActivationType.F32,
                bias, HeadNorm(block));
        }

        if (most.RunRows > 0)
        {
            Kernels.RopeStore.RecordRows(
                commands, act.MixerInput, shape, Rope(index), step.Runs, cache.Sequences, place, act.RunQuery, most.Rows,
                Kernels.PrefillAttention.QueryType(shape), bias, HeadNorm(block));
        }

        ActivationType mixedType = OutputType(block);
        BufferView mixed = act.Inputs(mixedType).Mixed;
        (BufferView attended, ActivationType type) = shape.HasGates ? (act.MixerOutput, ActivationType.F32) : (mixed, mixedType);
        RecordAttention(commands, shape, pass, step, index, act.Query, act.RunQuery, attended, type, Sinks(block));
        if (shape.HasGates)
        {
            RecordGates(commands, shape, act.MixerInput, attended, new HeadOutput(mixed, mixedType), most.Rows);
        }
    }

    /// <summary>Outputs times the sigmoids of their gates, which stand behind each head's query.</summary>
    private void RecordGates(
        CommandList commands, AttentionShape shape, BufferView input, BufferView attended, HeadOutput mixed, int rows)
    {
        var gates = new HeadGates(input, shape.QkvWidth, shape.HeadDim, 2 * shape.HeadDim);
        Kernels.GateHeads.RecordSigmoid(commands, attended, gates, mixed, rows, shape.NumHeads, shape.HeadDim);
    }

    private BufferView Rope(int index) => config.Window(index) > 0 ? Weights.Rope.Windowed : Weights.Rope.Full;

    private BufferView? Sinks(AttentionBlock block) => block.Sinks is { } sinks ? Weights[sinks] : null;

    private QkNorm? HeadNorm(AttentionBlock block) =>
        block.HeadNorm is { } gains ? new QkNorm(Weights[gains], config.NormEps, Kind(block.Recipe.HeadNorm)) : null;

    private static QkNormKind Kind(HeadNormKind kind) => kind switch
    {
        HeadNormKind.EachHead => QkNormKind.EachHead,
        HeadNormKind.Projection => QkNormKind.Projection,
        HeadNormKind.EachHeadRotated => QkNormKind.EachHeadRotated,
        HeadNormKind.EachHeadAndValue => QkNormKind.EachHeadAndValue,
        _ => throw new NotSupportedException($"no kernel for a norm of heads of kind {kind}"),
    };
}

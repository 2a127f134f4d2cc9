using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Latent attention in the absorbed form: each head's query becomes one of the cached latent, and what it attends to a value of the head.
/// Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class LatentPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : MixerPass(weights, kernels, stream)
{
    /// <inheritdoc/>
    public override AttentionShape Shape(KvType type, int capacity, int index)
    {
        LatentShape shape = Block(index).Recipe.Shape;
        return new AttentionShape(
            shape.NumHeads, 1, shape.KeyDim, 0, shape.Pairing, capacity, type, config.AttentionScale!.Value, config.Window(index))
        {
            HasKeysAsValues = true,
        };
    }

    /// <inheritdoc/>
    public override void RecordInput(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index)
    {
        LinearWeights first = Weights[Block(index).Input];
        Kernels.Gemv.Record(commands, first.Matrix, input, act.MixerInput, GemvMode.Store, first.Bias);
    }

    /// <inheritdoc/>
    public override VectorInput RecordMix(CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        LatentBlock block = Block(index);
        LatentActivations own = act.Latent!;
        if (block.Query is { } query)
        {
            var normed = new VectorOutput(own.Normed(ActivationType.F32), Kernels.Gemv.FormOf(Weights[query].Matrix));
            VectorInput latent = Kernels.Norm.RecordVector(
                commands, act.MixerInput, Weights[block.QueryNorm!].Gain, normed, block.Recipe.LatentAt, block.Recipe.NormEps);
            Kernels.Gemv.Record(commands, Weights[query].Matrix, latent, own.Queries, GemvMode.Store, Weights[query].Bias);
        }

        LatentRows rows = Rows(block, act.MixerInput, own, act.Query);
        AttentionShape shape = Shape(cache.Type, cache.Capacity, index);
        RecordAbsorb(commands, block, rows, 1);
        Kernels.LatentStore.RecordStep(
            commands, block.Recipe.Shape, rows, cache.Type, stepState, cache.Layer(index), cache.Blocks(index), cache.Capacity);
        Kernels.DecodeAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Decode, act.Query, cache.Layer(index), cache.Blocks(index), stepState,
            act.AttentionScratch, cache.SoftmaxStats, own.Attended);
        RecordValues(commands, block, own.Attended, act.Mixed, 1);
        return new VectorInput(act.Mixed);
    }

    /// <inheritdoc/>
    public override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        LatentBlock block = Block(index);
        LatentActivations own = act.Latent!;
        StepShape most = step.Shape;
        if (Weights[block.Input].Bias is { } bias)
        {
            Kernels.AddRows.RecordBias(commands, act.MixerInput, bias, most.Rows, block.Recipe.InputSize(config));
        }

        if (block.Query is { } query)
        {
            RecordQueries(commands, act, own, block, query, most.Rows);
        }

        LatentRows rows = Rows(block, act.MixerInput, own, act.Query);
        RecordAbsorb(commands, block, rows, most.Rows);
        RecordKeysAndAttention(commands, act, pass, step, index, rows);
        ActivationType type = OutputType(block);
        BufferView mixed = act.Inputs(type).Mixed;
        RecordValues(commands, block, own.Attended, type == ActivationType.F32 ? mixed : act.MixerOutput, most.Rows);
        if (type != ActivationType.F32)
        {
            Kernels.Activate.Record(
                commands, act.MixerOutput, mixed, most.Rows, block.Recipe.OutputSize(config), ActivationFunction.None, gated: false,
                outputType: type);
        }
    }

    private LatentBlock Block(int index) => Weights.Blocks.Layers[index].Mixer<LatentBlock>();

    private LatentRows Rows(LatentBlock block, BufferView input, LatentActivations own, BufferView query)
    {
        int width = block.Recipe.InputSize(config);
        (BufferView queries, int queriesWidth) = block.Query is null ? (input, width) : (own.Queries, block.Recipe.QueriesSize);
        return new LatentRows(
            input, width, block.Recipe.LatentAt, queries, queriesWidth, query, Weights.Rope.Full, Weights[block.LatentNorm],
            block.Recipe.NormEps);
    }

    /// <summary>Queries of rows from their latent.</summary>
    private void RecordQueries(
        CommandList commands, RowActivations act, LatentActivations own, LatentBlock block, LinearPart part, int rows)
    {
        StackedWeights matrix = Weights[part].Matrix;
        ActivationType type = Kernels.Gemm.PreferredInput(matrix);
        Kernels.Norm.Record(
            commands, act.MixerInput, Weights[block.QueryNorm!].Gain, own.Normed(type), rows, block.Recipe.LatentAt, block.Recipe.NormEps,
            type, inputWidth: block.Recipe.InputSize(config));
        Kernels.Gemm.Record(
            commands, matrix, own.Normed(type), own.Queries, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        if (Weights[part].Bias is { } bias)
        {
            Kernels.AddRows.RecordBias(commands, own.Queries, bias, rows, block.Recipe.QueriesSize);
        }
    }

    /// <summary>Each head's query to one of the latent.</summary>
    private void RecordAbsorb(CommandList commands, LatentBlock block, LatentRows rows, int count)
    {
        LatentShape shape = block.Recipe.Shape;
        Kernels.Expert.RecordHeads(
            commands, Weights[block.Key].Matrix.Parts[0], new HeadRows(rows.Queries, rows.QueriesWidth, shape.HeadDim),
            new HeadRows(rows.Query, block.Recipe.QuerySize(config), shape.KeyDim), count, shape.NumHeads);
    }

    /// <summary>What each head attends to, to its value.</summary>
    private void RecordValues(CommandList commands, LatentBlock block, BufferView attended, BufferView mixed, int count)
    {
        LatentRecipe recipe = block.Recipe;
        Kernels.Expert.RecordHeads(
            commands, Weights[block.Value].Matrix.Parts[0], new HeadRows(attended, recipe.QuerySize(config), recipe.Shape.KeyDim),
            new HeadRows(mixed, recipe.OutputSize(config), recipe.ValueDim), count, recipe.Shape.NumHeads);
    }

    /// <summary>Keys of all rows are stored before any attends.</summary>
    private void RecordKeysAndAttention(
        CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index, LatentRows rows)
    {
        RowsCache cache = pass.Cache;
        AttentionShape shape = Shape(cache.Store.Type, cache.Capacity, index);
        void Store(RowList list) => Kernels.LatentStore.RecordRows(
            commands, Block(index).Recipe.Shape, rows, shape.KvType, list, cache.Sequences, cache.Store.Layer(index), step.Shape.Rows);
        if (step.Shape.Alone > 0)
        {
            Store(step.Alone);
        }

        if (step.Shape.RunRows > 0)
        {
            Store(step.Runs);
        }

        RecordAttention(commands, shape, pass, step, index, act.Query, act.Query, act.Latent!.Attended, ActivationType.F32);
    }
}

using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>The gated delta rule: convolution, rule, norm with gates. Records commands only; immutable, thread-safe.</summary>
internal sealed class GatedDeltaPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : RecurrentPass<GatedDeltaBlock>(weights, kernels, stream)
{
    /// <inheritdoc/>
    public override VectorInput RecordMix(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        HeadOutput mixed = Mixed(act, Block(index), Block(index).Recipe.Shape.ValueDim);
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, mixed);
        Record(commands, buffers, 1, StateSource.OfRow(cache.States), cache.State(index), index);
        return mixed.ToInput();
    }

    /// <inheritdoc/>
    public override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        GatedDeltaBlock block = Block(index);
        int rows = step.Shape.Rows;
        RecordBias(commands, act, rows, block, block.Recipe.InputSize(config));
        ActivationType type = OutputType(block);
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, new HeadOutput(act.Inputs(type).Mixed, type));
        var source = StateSource.OfRuns(step.Sequences, pass.Cache.Sequences);
        Record(commands, buffers, rows, source, pass.Cache.Store.State(index), index);
    }

    private void Record(CommandList commands, Buffers buffers, int rows, StateSource source, StateLayer state, int index)
    {
        GatedDeltaBlock block = Block(index);
        GatedDeltaRecipe recipe = block.Recipe;
        GatedDeltaShape shape = recipe.Shape;
        int width = recipe.InputSize(config);
        Kernels.ShortConv.Record(
            commands, recipe.Convolution, buffers.Input, width, Weights[block.Convolution], buffers.Convolved, rows, source, state);
        Kernels.GatedDelta.Record(
            commands, shape, buffers.Convolved, buffers.Input, width, recipe.RatesAt, Weights[block.Decay], Weights[block.Shift],
            buffers.Output, rows, source, state.Behind(recipe.Convolution.StateFloats));
        Kernels.GateHeads.RecordNormed(
            commands, buffers.Output, new HeadGates(buffers.Input, width, recipe.GatesAt, shape.ValueDim), buffers.Mixed, rows,
            shape.ValueHeads, shape.ValueDim, new HeadGain(Weights[block.Norm]), config.NormEps);
    }

    /// <summary>What rows go through.</summary>
    private readonly record struct Buffers(BufferView Input, BufferView Convolved, BufferView Output, HeadOutput Mixed);
}

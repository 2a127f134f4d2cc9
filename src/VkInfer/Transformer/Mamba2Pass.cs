using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Mamba-2: convolution, state space, gates with a norm. Records commands only; immutable, thread-safe.</summary>
internal sealed class Mamba2Pass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : RecurrentPass<Mamba2Block>(weights, kernels, stream)
{
    /// <inheritdoc/>
    public override VectorInput RecordMix(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        HeadOutput mixed = Mixed(act, Block(index), Block(index).Recipe.OutputDim);
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, mixed);
        Record(commands, buffers, 1, StateSource.OfRow(cache.States), cache.State(index), index);
        return mixed.ToInput();
    }

    /// <inheritdoc/>
    public override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        Mamba2Block block = Block(index);
        int rows = step.Shape.Rows;
        RecordBias(commands, act, rows, block, block.Recipe.InputWidth);
        ActivationType type = OutputType(block);
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, new HeadOutput(act.Inputs(type).Mixed, type));
        var source = StateSource.OfRuns(step.Sequences, pass.Cache.Sequences);
        Record(commands, buffers, rows, source, pass.Cache.Store.State(index), index);
    }

    private void Record(CommandList commands, Buffers buffers, int rows, StateSource source, StateLayer state, int index)
    {
        Mamba2Block block = Block(index);
        Mamba2Recipe recipe = block.Recipe;
        int width = recipe.InputWidth;
        Kernels.ShortConv.Record(
            commands, recipe.Convolution, buffers.Input, width, Weights[block.Convolution], buffers.Convolved, rows, source, state,
            block.ConvolutionBias is { } bias ? Weights[bias] : null, recipe.ConvolvedAt);
        Kernels.Mamba2.Record(
            commands, recipe.Shape, buffers.Convolved, buffers.Input, width, recipe.RatesAt,
            new Mamba2Heads(Weights[block.Decay], Weights[block.Shift], Weights[block.Skip]), buffers.Output, rows, source,
            state.Behind(recipe.Convolution.StateFloats));

        int groups = recipe.OutputGroups;
        int groupDim = recipe.OutputDim;
        var gates = new HeadGates(buffers.Input, width, 0, groupDim);
        if (block.Norm is not { } norm)
        {
            Kernels.GateHeads.RecordSilu(commands, buffers.Output, gates, buffers.Mixed, rows, groups, groupDim);
            return;
        }

        var gain = new HeadGain(Weights[norm], IsOfEachHead: true, recipe.Gates == Mamba2Gates.BeforeNorm);
        Kernels.GateHeads.RecordNormed(
            commands, buffers.Output, gates, buffers.Mixed, rows, groups, groupDim, gain, config.NormEps);
    }

    /// <summary>What rows go through.</summary>
    private readonly record struct Buffers(BufferView Input, BufferView Convolved, BufferView Output, HeadOutput Mixed);
}

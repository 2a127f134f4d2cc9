using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Mamba-2: convolution, state space, gates with a norm. Records commands only; immutable, thread-safe.</summary>
internal sealed class Mamba2Pass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : StateSpacePass<Mamba2Block>(weights, kernels, stream)
{
    /// <inheritdoc/>
    protected override int GatedTogether(Mamba2Block block) => block.Recipe.OutputDim;

    /// <inheritdoc/>
    protected override void Record(CommandList commands, Buffers buffers, StateSource source, StateLayer state, Mamba2Block block)
    {
        Mamba2Recipe recipe = block.Recipe;
        (int width, int rows) = (recipe.InputWidth, buffers.Rows);
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
}

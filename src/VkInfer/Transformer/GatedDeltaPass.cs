using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>The gated delta rule: convolution, rule, norm with gates. Records commands only; immutable, thread-safe.</summary>
internal sealed class GatedDeltaPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : StateSpacePass<GatedDeltaBlock>(weights, kernels, stream)
{
    /// <inheritdoc/>
    protected override int GatedTogether(GatedDeltaBlock block) => block.Recipe.Shape.ValueDim;

    /// <inheritdoc/>
    protected override void Record(CommandList commands, Buffers buffers, StateSource source, StateLayer state, GatedDeltaBlock block)
    {
        GatedDeltaRecipe recipe = block.Recipe;
        GatedDeltaShape shape = recipe.Shape;
        (int width, int rows) = (recipe.InputSize(config), buffers.Rows);
        Kernels.ShortConv.Record(
            commands, recipe.Convolution, buffers.Input, width, Weights[block.Convolution], buffers.Convolved, rows, source, state);
        Kernels.GatedDelta.Record(
            commands, shape, buffers.Convolved, buffers.Input, width, recipe.RatesAt, Weights[block.Decay], Weights[block.Shift],
            buffers.Output, rows, source, state.Behind(recipe.Convolution.StateFloats));
        Kernels.GateHeads.RecordNormed(
            commands, buffers.Output, new HeadGates(buffers.Input, width, recipe.GatesAt, shape.ValueDim), buffers.Mixed, rows,
            shape.ValueHeads, shape.ValueDim, new HeadGain(Weights[block.Norm]), config.NormEps);
    }
}

using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Mixers with a state: their first product is plain, and all else happens behind it. Records commands only; immutable.</summary>
/// <typeparam name="TBlock">Their weights.</typeparam>
internal abstract class RecurrentPass<TBlock>(TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : MixerPass(weights, kernels, stream)
    where TBlock : MixerBlock
{
    /// <inheritdoc/>
    public sealed override void RecordInput(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index)
    {
        LinearWeights first = Weights[Block(index).Input];
        Kernels.Gemv.Record(commands, first.Matrix, input, act.MixerInput, GemvMode.Store, first.Bias);
    }

    /// <summary>A layer's weights.</summary>
    protected TBlock Block(int index) => Weights.Blocks.Layers[index].Mixer<TBlock>();

    /// <summary>The bias of the first product of rows.</summary>
    /// <param name="commands">Receives it.</param>
    /// <param name="act">The rows.</param>
    /// <param name="rows">How many.</param>
    /// <param name="input">The first product.</param>
    protected void RecordBias(CommandList commands, RowActivations act, int rows, LinearPart input)
    {
        if (Weights[input].Bias is { } bias)
        {
            Kernels.AddRows.RecordBias(commands, act.MixerInput, bias, rows, input.Rows);
        }
    }
}

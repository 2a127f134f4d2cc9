using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Mixers that convolve, let heads' states pass over the rows, and gate what they leave. Records commands only; immutable, thread-safe.
/// </summary>
/// <typeparam name="TBlock">Their weights.</typeparam>
internal abstract class StateSpacePass<TBlock>(TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : RecurrentPass<TBlock>(weights, kernels, stream)
    where TBlock : MixerBlock
{
    /// <inheritdoc/>
    public sealed override VectorInput RecordMix(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        HeadOutput mixed = Mixed(act, Block(index), GatedTogether(Block(index)));
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, mixed, 1);
        Record(commands, buffers, StateSource.OfRow(cache.States), cache.State(index), Block(index));
        return mixed.ToInput();
    }

    /// <inheritdoc/>
    public sealed override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        TBlock block = Block(index);
        int rows = step.Shape.Rows;
        RecordBias(commands, act, rows, block.Input);
        ActivationType type = OutputType(block);
        var buffers = new Buffers(act.MixerInput, act.Convolved, act.MixerOutput, new HeadOutput(act.Inputs(type).Mixed, type), rows);
        var source = StateSource.OfRuns(step.Sequences, pass.Cache.Sequences);
        Record(commands, buffers, source, pass.Cache.Store.State(index), block);
    }

    /// <summary>Neighbouring elements of what states leave that are gated, and normalised, together.</summary>
    protected abstract int GatedTogether(TBlock block);

    /// <summary>All that happens between the first and the last product.</summary>
    /// <param name="commands">Receives it.</param>
    /// <param name="buffers">The rows.</param>
    /// <param name="source">Whose states.</param>
    /// <param name="state">Where the layer's lie.</param>
    /// <param name="block">The layer's weights.</param>
    protected abstract void Record(CommandList commands, Buffers buffers, StateSource source, StateLayer state, TBlock block);

    /// <summary>What rows go through.</summary>
    /// <param name="Input">What the first product leaves.</param>
    /// <param name="Convolved">What the convolution leaves.</param>
    /// <param name="Output">What states leave.</param>
    /// <param name="Mixed">What the last product takes.</param>
    /// <param name="Rows">How many rows.</param>
    protected readonly record struct Buffers(
        BufferView Input, BufferView Convolved, BufferView Output, HeadOutput Mixed, int Rows);
}

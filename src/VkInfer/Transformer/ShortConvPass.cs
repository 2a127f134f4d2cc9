using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Gated short convolutions. Records commands only; immutable, thread-safe.</summary>
internal sealed class ShortConvPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
    : RecurrentPass<ShortConvBlock>(weights, kernels, stream)
{
    /// <inheritdoc/>
    public override VectorInput RecordMix(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        Record(commands, act.MixerInput, act.Mixed, 1, StateSource.OfRow(cache.States), cache.State(index), index);
        return new VectorInput(act.Mixed);
    }

    /// <inheritdoc/>
    public override void RecordRows(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        ShortConvBlock block = Block(index);
        int rows = step.Shape.Rows;
        RecordBias(commands, act, rows, block.Input);
        ActivationType type = OutputType(block);
        BufferView mixed = act.Inputs(type).Mixed;
        BufferView output = type == ActivationType.F32 ? mixed : act.MixerOutput;
        Record(
            commands, act.MixerInput, output, rows, StateSource.OfRuns(step.Sequences, pass.Cache.Sequences), pass.Cache.Store.State(index),
            index);
        if (type != ActivationType.F32)
        {
            Kernels.Activate.Record(
                commands, output, mixed, rows, block.Recipe.Channels, ActivationFunction.None, gated: false, outputType: type);
        }
    }

    private void Record(
        CommandList commands, BufferView input, BufferView output, int rows, StateSource source, StateLayer state, int index)
    {
        ShortConvBlock block = Block(index);
        Kernels.ShortConv.Record(
            commands, block.Recipe.Convolution, input, block.Recipe.InputSize(config), Weights[block.Convolution], output, rows, source,
            state);
    }
}

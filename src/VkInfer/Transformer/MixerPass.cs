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
    /// <returns>The type in which <see cref="GemmInputs.Normed"/> holds the input.</returns>
    public ActivationType RecordInput(CommandList commands, RowActivations act, int index, int rows)
    {
        LayerBlocks layer = weights.Blocks.Layers[index];
        StackedWeights input = weights[layer.Mixer.Input].Matrix;
        ActivationType type = kernels.Gemm.PreferredInput(input);
        stream.RecordInput(commands, act, layer.MixerNorm, rows, type);
        kernels.Gemm.Record(
            commands, input, act.Inputs(type).Normed, act.MixerInput, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        return type;
    }

    /// <summary>The last product of rows, added to the residual stream.</summary>
    public void RecordOutput(CommandList commands, RowActivations act, int index, int rows)
    {
        LayerBlocks layer = weights.Blocks.Layers[index];
        ActivationType type = OutputType(layer.Mixer);
        stream.RecordAdd(commands, act, layer.Mixer.Output, act.Inputs(type).Mixed, type, layer.MixerPostNorm, rows);
    }

    /// <summary>The type in which the last product of rows takes its input.</summary>
    protected ActivationType OutputType(MixerBlock block) => kernels.Gemm.PreferredInput(weights[block.Output].Matrix);
}

using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Layers' own inputs (<see cref="PerLayerInputs"/>): how they are made behind the embedding, and what a layer does with its own at its end.
/// Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class PerLayerPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
{
    // √P of the embedding, by √2 of the sum.
    private float EmbeddingScale => MathF.Sqrt(config.PerLayerSize / 2f);

    // Of norms of projections that are not divided by √d.
    private float Epsilon => config.NormEps * config.HiddenSize;

    private int Width => config.NumLayers * config.PerLayerSize;

    /// <summary>The inputs of the token of a step state, whose embedding is the residual stream.</summary>
    public void RecordInputs(CommandList commands, DecodeActivations act, PerLayerInputs parts, BufferView stepState)
    {
        PerLayerActivations own = act.PerLayer!;
        kernels.Embed.Record(commands, Table(parts), stepState, StepState.TokenIdIndex, own.Embedded, 1, EmbeddingScale);
        kernels.Gemv.Record(commands, weights[parts.Projection].Matrix, new VectorInput(act.Hidden), own.Projected, GemvMode.Store);
        RecordSum(commands, own, parts, 1);
    }

    /// <summary>The same of rows.</summary>
    public void RecordInputs(CommandList commands, RowActivations act, PerLayerInputs parts, RowList rows)
    {
        PerLayerActivations own = act.PerLayer!;
        StackedWeights projection = weights[parts.Projection].Matrix;
        ActivationType type = kernels.Gemm.PreferredInput(projection);
        kernels.Embed.RecordRows(commands, Table(parts), rows, own.Embedded, EmbeddingScale);
        stream.RecordInput(commands, act, null, rows.Most, type);
        kernels.Gemm.Record(
            commands, projection, act.Inputs(type).Normed, own.Projected, GemmMode.Store, rows.Most, inputType: type,
            scratch: act.GemmScratch);
        RecordSum(commands, own, parts, rows.Most);
    }

    /// <summary>A layer's end of one row, and what comes next takes.</summary>
    public VectorInput? Record(CommandList commands, DecodeActivations act, LayerBlocks layer, int index, NextInput? next)
    {
        (PerLayerActivations own, PerLayerBlock block) = (act.PerLayer!, layer.PerLayer!);
        kernels.Gemv.Record(commands, weights[block.Gate].Matrix, new VectorInput(act.Hidden), own.Gate, GemvMode.Store);
        BufferView gated = own.Gated(ActivationType.F32);
        RecordGated(commands, own, gated, index, 1, ActivationType.F32);
        return stream.RecordAdd(commands, act, block.Projection, new VectorInput(gated), block.Norm, next, layer.OutputScale);
    }

    /// <summary>The same of rows.</summary>
    public void Record(CommandList commands, RowActivations act, LayerBlocks layer, int index, int rows)
    {
        (PerLayerActivations own, PerLayerBlock block) = (act.PerLayer!, layer.PerLayer!);
        StackedWeights gate = weights[block.Gate].Matrix;
        ActivationType type = kernels.Gemm.PreferredInput(gate);
        stream.RecordInput(commands, act, null, rows, type);
        kernels.Gemm.Record(
            commands, gate, act.Inputs(type).Normed, own.Gate, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        ActivationType gatedType = kernels.Gemm.PreferredInput(weights[block.Projection].Matrix);
        RecordGated(commands, own, own.Gated(gatedType), index, rows, gatedType);
        stream.RecordAdd(commands, act, block.Projection, own.Gated(gatedType), gatedType, block.Norm, rows, layer.OutputScale);
    }

    private WeightMatrix Table(PerLayerInputs parts) => weights[parts.Embedding].Matrix.Parts[0];

    private void RecordSum(CommandList commands, PerLayerActivations act, PerLayerInputs parts, int rows) => kernels.GateHeads.RecordSum(
        commands, act.Projected, new HeadGates(act.Embedded, Width, 0, config.PerLayerSize), act.Inputs, rows, config.NumLayers,
        config.PerLayerSize, weights[parts.Norm].Gain, Epsilon);

    private void RecordGated(CommandList commands, PerLayerActivations act, BufferView gated, int index, int rows, ActivationType type)
    {
        int size = config.PerLayerSize;
        kernels.Activate.Record(commands, act.Gate, act.Activated, rows, size, config.Activation, gated: false);
        kernels.GateHeads.RecordProduct(
            commands, act.Activated, new HeadGates(act.Inputs, Width, index * size, size), new HeadOutput(gated, type), rows, 1, size);
    }
}

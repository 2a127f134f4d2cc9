using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Mixtures whose parts have norms of their own (<see cref="MixtureNorms"/>), from the residual stream to the residual stream. What does
/// not depend on each other stands together, so that a barrier serves both. Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class ParallelMixturePass(TransformerWeights weights, KernelSet kernels, ResidualStream stream, FeedForwardPass feedForward)
{
    /// <summary>One row; the choice of experts stays on the device.</summary>
    public void Record(CommandList commands, DecodeActivations act, LayerBlocks layer, MixtureBlock block)
    {
        (ExpertActivations own, DenseBlock shared) = (act.Experts!, block.Shared!);
        VectorInput input;
        VectorInput ofExperts;
        using (commands.SideBySide())
        {
            input = stream.RecordInput(commands, act, new NextInput(layer.FeedForwardNorm, shared.Up));
            stream.RecordNorm(commands, act.Hidden, block.Norms!.Router, own.RouterInput, 1, ActivationType.F32);
            ofExperts = stream.RecordInput(commands, act.Hidden, own.Normed, new NextInput(block.Norms.Experts, block.Up));
        }

        feedForward.RecordRouters(commands, own, new VectorInput(own.RouterInput), block);
        ExpertChoice choice;
        VectorInput middle;
        using (commands.SideBySide())
        {
            (choice, _) = feedForward.RecordChoices(commands, own, block);
            middle = feedForward.RecordUp(commands, act, input, shared);
        }

        VectorInput mlp;
        using (commands.SideBySide())
        {
            LinearWeights down = weights[shared.Down];
            kernels.Gemv.Record(commands, down.Matrix, middle, act.Projected, GemvMode.Store, down.Bias);
            mlp = feedForward.RecordExpertsUp(commands, own, ofExperts, choice, block);
        }

        feedForward.RecordExpertsDown(commands, mlp, choice, block, own.Parallel!.Combined, GemvMode.Store);
        RecordSum(commands, own.Parallel, act.Projected, act.Hidden, layer, block.Norms, 1);
    }

    /// <summary>The same of many rows.</summary>
    public void Record(CommandList commands, RowActivations act, LayerBlocks layer, MixtureBlock block, int rows)
    {
        (ExpertActivations own, DenseBlock shared) = (act.Experts!, block.Shared!);
        feedForward.RecordUp(commands, act, layer.FeedForwardNorm, shared, rows);
        ActivationType middle = kernels.Gemm.PreferredInput(weights[shared.Down].Matrix);
        stream.RecordProduct(commands, act, shared.Down, act.Inputs(middle).Mlp, middle, act.Projected, GemmMode.Store, rows);
        ExpertGrouping? grouping = feedForward.Grouping(block, rows);
        ActivationType type = grouping?.Input ?? ActivationType.F32;
        BufferView normed = type == ActivationType.F16 ? act.Inputs(type).Normed : own.Normed;
        stream.RecordNorm(commands, act.Hidden, block.Norms!.Router, own.RouterInput, rows, ActivationType.F32);
        stream.RecordNorm(commands, act.Hidden, block.Norms.Experts, normed, rows, type);
        feedForward.RecordExperts(commands, act, own.Parallel!.Combined, block, grouping, rows);
        RecordSum(commands, own.Parallel, act.Projected, act.Hidden, layer, block.Norms, rows);
    }

    /// <summary>
    /// Both outputs, each behind its norm, and their sum behind the layer's; the stream's factor stands behind an input of the layer.
    /// </summary>
    private void RecordSum(
        CommandList commands, ParallelActivations act, BufferView ofShared, BufferView hidden, LayerBlocks layer, MixtureNorms norms,
        int rows)
    {
        stream.RecordPostNorm(commands, ofShared, norms.BehindShared, act.Sum, rows, accumulate: false);
        stream.RecordPostNorm(commands, act.Combined, norms.BehindExperts, act.Sum, rows);
        VectorPart? scale = layer.PerLayer is null ? layer.OutputScale : null;
        stream.RecordPostNorm(commands, act.Sum, layer.FeedForwardPostNorm!, hidden, rows, scale);
    }
}

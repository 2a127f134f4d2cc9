using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Feed-forward layers: from the residual stream to what their last product takes, and mixtures of experts as a whole. Records commands
/// only; immutable, thread-safe.
/// </summary>
internal sealed class FeedForwardPass(ModelConfig config, TransformerWeights weights, KernelSet kernels, ResidualStream stream)
{
    // Its weight is the sigmoid of its logit.
    private static readonly RouterRule OneExpert = new(RouterScore.Sigmoid, Normalises: false);

    /// <summary>One row, up to what the last product takes.</summary>
    public VectorInput RecordUp(CommandList commands, DecodeActivations act, VectorInput input, DenseBlock block)
    {
        LinearWeights up = weights[block.Up];
        var output = new VectorOutput(act.Mlp, kernels.Gemv.FormOf(weights[block.Down].Matrix));
        if (!block.IsGated)
        {
            return kernels.Gemv.RecordActivated(commands, up.Matrix, input, output, config.Activation, up.Bias);
        }

        if (up.Matrix.Parts is [var gateUp])
        {
            return kernels.Gemv.RecordGated(commands, gateUp, input, output, config.Activation, up.Bias);
        }

        kernels.Gemv.Record(commands, up.Matrix, input, act.GateUp, GemvMode.Store, up.Bias);
        kernels.Activate.Record(commands, act.GateUp, act.Mlp, 1, block.Width, config.Activation, gated: true);
        return new VectorInput(act.Mlp);
    }

    /// <summary>Rows, up to what the last product takes: <see cref="GemmInputs.Mlp"/> of the type that it prefers.</summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="act">The activations.</param>
    /// <param name="norm">The norm of the input, or null.</param>
    /// <param name="block">The layer.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="normed">A type in which <see cref="GemmInputs.Normed"/> already holds the input, or null.</param>
    public void RecordUp(
        CommandList commands, RowActivations act, NormPart? norm, DenseBlock block, int rows, ActivationType? normed = null)
    {
        LinearWeights up = weights[block.Up];
        ActivationType type = kernels.Gemm.PreferredInput(up.Matrix);
        if (normed != type)
        {
            stream.RecordInput(commands, act, norm, rows, type);
        }

        ActivationType mlpType = kernels.Gemm.PreferredInput(weights[block.Down].Matrix);
        BufferView mlp = act.Inputs(mlpType).Mlp;
        BufferView input = act.Inputs(type).Normed;
        if (block.IsGated && mlpType == ActivationType.F16 && up.GatedInOne is not null
            && kernels.Gemm.TryRecordGated(commands, up.Matrix, input, mlp, config.Activation, rows, act.GemmScratch))
        {
            return;
        }

        ActivationType upType = mlpType == ActivationType.F16 ? type : ActivationType.F32;
        BufferView target = act.Inputs(upType).Up;
        kernels.Gemm.Record(commands, up.Matrix, input, target, GemmMode.Store, rows, upType, type, act.GemmScratch);
        kernels.Activate.Record(commands, target, mlp, rows, block.Width, config.Activation, block.IsGated, up.Bias, upType, mlpType);
    }

    /// <summary>The last product of rows, added to the residual stream.</summary>
    public void RecordDown(
        CommandList commands, RowActivations act, DenseBlock block, NormPart? postNorm, int rows, VectorPart? scale = null)
    {
        ActivationType type = kernels.Gemm.PreferredInput(weights[block.Down].Matrix);
        stream.RecordAdd(commands, act, block.Down, act.Inputs(type).Mlp, type, postNorm, rows, scale);
    }

    /// <summary>Norm, router and the experts of one row, added to the residual stream; the choice stays on the device.</summary>
    public void RecordMixture(CommandList commands, DecodeActivations act, NormPart norm, MixtureBlock block)
    {
        ExpertActivations own = act.Experts!;
        stream.RecordNorm(commands, act.Hidden, norm, own.Normed, 1, ActivationType.F32);
        VectorInput? shared = block.Shared is { } up ? RecordUp(commands, act, new VectorInput(own.Normed), up) : null;
        RecordExperts(commands, own, act.Hidden, block, 1);
        if (shared is { } input && block.SharedGate is not null)
        {
            LinearWeights down = weights[block.Shared!.Down];
            kernels.Gemv.Record(commands, down.Matrix, input, own.Shared!.Outputs, GemvMode.Store, down.Bias);
            RecordSharedGate(commands, own, act.Hidden, block, 1);
        }
        else if (shared is { } ungated)
        {
            stream.RecordAdd(commands, act, block.Shared!.Down, ungated, null);
        }
    }

    /// <summary>The same of many rows.</summary>
    public void RecordMixture(CommandList commands, RowActivations act, NormPart norm, MixtureBlock block, int rows)
    {
        ExpertActivations own = act.Experts!;
        stream.RecordNorm(commands, act.Hidden, norm, own.Normed, rows, ActivationType.F32);
        ExpertGrouping? grouping = Grouping(block, rows);
        bool halves = grouping?.Input == ActivationType.F16;
        if (halves)
        {
            stream.RecordInput(commands, act, norm, rows, ActivationType.F16);
        }

        if (block.Shared is { } up)
        {
            RecordUp(commands, act, norm, up, rows, halves ? ActivationType.F16 : null);
        }

        if (grouping is null)
        {
            RecordExperts(commands, own, act.Hidden, block, rows);
        }
        else
        {
            RecordGrouped(commands, own, halves ? act.Inputs(ActivationType.F16).Normed : own.Normed, act.Hidden, block, grouping, rows);
        }

        if (block is { Shared: { } gated, SharedGate: not null })
        {
            StackedWeights down = weights[gated.Down].Matrix;
            ActivationType type = kernels.Gemm.PreferredInput(down);
            kernels.Gemm.Record(
                commands, down, act.Inputs(type).Mlp, own.Shared!.Outputs, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
            RecordSharedGate(commands, own, act.Hidden, block, rows);
        }
        else if (block.Shared is { } ungated)
        {
            RecordDown(commands, act, ungated, null, rows);
        }
    }

    /// <summary>The output of an expert for all tokens times its gate, added to the residual stream.</summary>
    private void RecordSharedGate(CommandList commands, ExpertActivations act, BufferView hidden, MixtureBlock block, int rows)
    {
        SharedActivations shared = act.Shared!;
        kernels.Gemm.Record(
            commands, weights[block.SharedGate!].Matrix, act.Normed, shared.Logits, GemmMode.Store, rows, inputType: ActivationType.F32);
        kernels.Route.Record(commands, shared.Logits, shared.Chosen, shared.Weights, rows, 1, 1, OneExpert);
        kernels.Combine.Record(commands, shared.Outputs, shared.Weights, hidden, rows, 1, config.HiddenSize);
    }

    /// <summary>How rows are grouped by their experts; null where each meets its experts by itself.</summary>
    private ExpertGrouping? Grouping(MixtureBlock block, int rows) => kernels.GroupedGemm.Choose(
        weights[block.Up].Matrix.Parts[0], weights[block.Down].Matrix.Parts[0], rows, config.NumExperts, config.NumExpertsPerToken);

    /// <summary>Router and experts, from their normalised input to the residual stream, row by row.</summary>
    private void RecordExperts(CommandList commands, ExpertActivations act, BufferView hidden, MixtureBlock block, int rows)
    {
        (int experts, int used) = (config.NumExperts, config.NumExpertsPerToken);
        RecordRouter(commands, act, block, rows);
        WeightMatrix up = weights[block.Up].Matrix.Parts[0];
        if (block.Recipe.IsGated)
        {
            kernels.Expert.RecordGated(
                commands, up, act.Normed, act.Chosen, act.Mlp, rows, experts, used, config.Activation, Vector(block.UpBias));
        }
        else
        {
            kernels.Expert.RecordActivated(
                commands, up, act.Normed, act.Chosen, act.Mlp, rows, experts, used, config.Activation, Vector(block.UpBias));
        }

        kernels.Expert.RecordDown(
            commands, weights[block.Down].Matrix.Parts[0], act.Mlp, act.Chosen, act.Outputs, rows, experts, used, Vector(block.DownBias));
        kernels.Combine.Record(commands, act.Outputs, act.Weights, hidden, rows, used, config.HiddenSize);
    }

    /// <summary>The same, rows that go to one expert together.</summary>
    private void RecordGrouped(
        CommandList commands, ExpertActivations act, BufferView normed, BufferView hidden, MixtureBlock block, ExpertGrouping grouping,
        int rows)
    {
        ExpertGroups groups = act.Groups!.Value;
        BufferView mlp = grouping.Input == ActivationType.F16 ? act.HalfMlp! : act.Mlp;
        RecordRouter(commands, act, block, rows);
        kernels.GroupedGemm.RecordGroups(commands, grouping, act.Chosen, groups);
        WeightMatrix up = weights[block.Up].Matrix.Parts[0];
        if (block.Recipe.IsGated)
        {
            kernels.GroupedGemm.RecordGated(commands, grouping, groups, up, normed, mlp, config.Activation, Vector(block.UpBias));
        }
        else
        {
            kernels.GroupedGemm.RecordActivated(commands, grouping, groups, up, normed, mlp, config.Activation, Vector(block.UpBias));
        }

        kernels.GroupedGemm.RecordDown(
            commands, grouping, groups, weights[block.Down].Matrix.Parts[0], mlp, act.Outputs, Vector(block.DownBias));
        kernels.Combine.Record(commands, act.Outputs, act.Weights, hidden, rows, config.NumExpertsPerToken, config.HiddenSize);
    }

    /// <summary>The choice of experts, from the normalised input.</summary>
    private void RecordRouter(CommandList commands, ExpertActivations act, MixtureBlock block, int rows)
    {
        (int experts, int used) = (config.NumExperts, config.NumExpertsPerToken);
        kernels.Gemm.Record(
            commands, weights[block.Router].Matrix, act.Normed, act.Logits, GemmMode.Store, rows, inputType: ActivationType.F32);
        if (Vector(block.RouterBias) is { } bias)
        {
            kernels.AddRows.RecordBias(commands, act.Logits, bias, rows, experts);
        }

        kernels.Route.Record(
            commands, act.Logits, act.Chosen, act.Weights, rows, experts, used, block.Recipe.Router, Vector(block.ChoiceBias));
    }

    private BufferView? Vector(VectorPart? part) => part is null ? null : weights[part];
}

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
    /// <summary>The gate of an expert for all tokens: the weight of the only one.</summary>
    internal static readonly RouterRule OneExpert = new(RouterScore.Sigmoid, Normalises: false);

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

        ActivationType upType = mlpType == ActivationType.F16 ? kernels.Gemm.PreferredOutput(up.Matrix) : ActivationType.F32;
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

    /// <summary>Router and experts of one row, added to the residual stream; the choice stays on the device.</summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="act">The activations.</param>
    /// <param name="input">What the experts take.</param>
    /// <param name="norm">The norm that it is behind.</param>
    /// <param name="block">The layer.</param>
    /// <param name="nextOrNone">What takes the residual stream next; null: a block that takes it by itself.</param>
    /// <returns>What that takes.</returns>
    public VectorInput? RecordMixture(
        CommandList commands, DecodeActivations act, VectorInput input, NormPart norm, MixtureBlock block, NextInput? nextOrNone)
    {
        ExpertActivations own = act.Experts!;
        var normed = new VectorInput(own.Normed);
        stream.RecordNorm(commands, act.Hidden, norm, own.Normed, 1, ActivationType.F32);
        RecordRouters(commands, own, normed, block);
        VectorInput? middle = null;
        ExpertChoice choice;
        ExpertChoice? sharedChoice;
        using (commands.SideBySide())
        {
            (choice, sharedChoice) = RecordChoices(commands, own, block);
            if (block.Shared is { } shared)
            {
                bool hasForm = kernels.Gemv.FormOf(weights[shared.Up].Matrix) == input.Form;
                middle = RecordUp(commands, act, hasForm ? input : normed, shared);
            }
        }

        VectorInput mlp;
        using (commands.SideBySide())
        {
            mlp = RecordExpertsUp(commands, own, input, choice, block);
            if (middle is { } ofShared)
            {
                RecordSharedDown(commands, act, ofShared, block.Shared!, sharedChoice);
            }
        }

        VectorOutput? output = nextOrNone is { } after ? stream.OutputFor(act, after) : null;
        return RecordExpertsDown(commands, mlp, choice, block, act.Hidden, GemvMode.Accumulate, output)
            ?? (nextOrNone is { } next ? stream.RecordInput(commands, act, next) : null);
    }

    /// <summary>The chosen experts of one row, up to what their last products take.</summary>
    public VectorInput RecordExpertsUp(
        CommandList commands, ExpertActivations act, VectorInput input, ExpertChoice choice, MixtureBlock block)
    {
        var output = new VectorOutput(act.Mlp, kernels.Gemv.FormOf(weights[block.Down].Matrix));
        WeightMatrix up = weights[block.Up].Matrix.Parts[0];
        return block.Recipe.IsGated
            ? kernels.Gemv.RecordExpertsGated(commands, up, input, output, choice, config.Activation, Vector(block.UpBias))
            : kernels.Gemv.RecordExpertsActivated(commands, up, input, output, choice, config.Activation, Vector(block.UpBias));
    }

    /// <summary>Their last products, stored or added as one sum.</summary>
    /// <returns>What <paramref name="next"/> receives.</returns>
    public VectorInput? RecordExpertsDown(
        CommandList commands, VectorInput mlp, ExpertChoice choice, MixtureBlock block, BufferView target, GemvMode mode,
        VectorOutput? next = null) =>
        kernels.Gemv.RecordExpertsDown(
            commands, weights[block.Down].Matrix.Parts[0], mlp, target, mode, choice, next, Vector(block.DownBias));

    /// <summary>Norm, router and experts of rows, added to the residual stream.</summary>
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

        RecordExperts(commands, act, act.Hidden, block, grouping, rows);
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

    /// <summary>The router of one row, from its normalised input, and the gate of an expert for all tokens if it has one.</summary>
    public void RecordRouters(CommandList commands, ExpertActivations act, VectorInput normed, MixtureBlock block)
    {
        using CommandList.SideBySideScope scope = commands.SideBySide();
        kernels.Gemv.Record(commands, weights[block.Router].Matrix, normed, act.Logits, GemvMode.Store, Vector(block.RouterBias));
        if (block.SharedGate is { } gate)
        {
            kernels.Gemv.Record(commands, weights[gate].Matrix, normed, act.Shared!.Logits, GemvMode.Store);
        }
    }

    /// <summary>The experts that one row goes to, and the weight of one for all tokens if it has a gate.</summary>
    public (ExpertChoice Choice, ExpertChoice? Shared) RecordChoices(CommandList commands, ExpertActivations act, MixtureBlock block)
    {
        (int experts, int used) = (config.NumExperts, config.NumExpertsPerToken);
        SharedActivations? shared = block.SharedGate is null ? null : act.Shared!;
        if (shared is not null)
        {
            kernels.Route.Record(commands, shared.Logits, shared.Chosen, shared.Weights, 1, 1, 1, OneExpert);
        }

        kernels.Route.Record(
            commands, act.Logits, act.Chosen, act.Weights, 1, experts, used, block.Recipe.Router, Vector(block.ChoiceBias),
            Vector(block.Scales));
        return (
            new ExpertChoice(act.Chosen, act.Weights, experts, used),
            shared is null ? null : new ExpertChoice(shared.Chosen, shared.Weights, 1, 1));
    }

    /// <summary>
    /// The last product of an expert for all tokens, times its gate if it has one, added to the residual stream of one row.
    /// </summary>
    private void RecordSharedDown(
        CommandList commands, DecodeActivations act, VectorInput middle, DenseBlock shared, ExpertChoice? choice)
    {
        if (choice is not { } gated)
        {
            stream.RecordAdd(commands, act, shared.Down, middle, null);
            return;
        }

        LinearWeights down = weights[shared.Down];
        kernels.Gemv.RecordExpertsDown(
            commands, down.Matrix.Parts[0], middle, act.Hidden, GemvMode.Accumulate, gated, bias: down.Bias);
    }

    /// <summary>The output of an expert for all tokens times its gate, added to the residual stream of rows.</summary>
    private void RecordSharedGate(CommandList commands, ExpertActivations act, BufferView hidden, MixtureBlock block, int rows)
    {
        SharedActivations shared = act.Shared!;
        kernels.Gemm.Record(
            commands, weights[block.SharedGate!].Matrix, act.Normed, shared.Logits, GemmMode.Store, rows, inputType: ActivationType.F32);
        kernels.Route.Record(commands, shared.Logits, shared.Chosen, shared.Weights, rows, 1, 1, OneExpert);
        kernels.Combine.Record(commands, shared.Outputs, shared.Weights, hidden, rows, 1, config.HiddenSize);
    }

    /// <summary>How rows are grouped by their experts; null where each meets its experts by itself.</summary>
    public ExpertGrouping? Grouping(MixtureBlock block, int rows) => kernels.GroupedGemm.Choose(
        weights[block.Up].Matrix.Parts[0], weights[block.Down].Matrix.Parts[0], rows, config.NumExperts, config.NumExpertsPerToken);

    /// <summary>
    /// Router and experts of rows, from their normalised inputs (<see cref="GemmInputs.Normed"/> where rows are grouped and products take
    /// float16) to where they are added; experts with norms of their own write there.
    /// </summary>
    public void RecordExperts(
        CommandList commands, RowActivations act, BufferView target, MixtureBlock block, ExpertGrouping? grouping, int rows)
    {
        ExpertActivations own = act.Experts!;
        if (grouping is null)
        {
            RecordExperts(commands, own, target, block, rows);
            return;
        }

        BufferView normed = grouping.Input == ActivationType.F16 ? act.Inputs(ActivationType.F16).Normed : own.Normed;
        RecordGrouped(commands, own, normed, target, block, grouping, rows);
    }

    /// <summary>The same, row by row.</summary>
    private void RecordExperts(CommandList commands, ExpertActivations act, BufferView target, MixtureBlock block, int rows)
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
        RecordCombined(commands, act, target, block, rows);
    }

    /// <summary>The same, rows that go to one expert together.</summary>
    private void RecordGrouped(
        CommandList commands, ExpertActivations act, BufferView normed, BufferView target, MixtureBlock block, ExpertGrouping grouping,
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
        RecordCombined(commands, act, target, block, rows);
    }

    private void RecordCombined(CommandList commands, ExpertActivations act, BufferView target, MixtureBlock block, int rows) =>
        kernels.Combine.Record(
            commands, act.Outputs, act.Weights, target, rows, config.NumExpertsPerToken, config.HiddenSize,
            accumulate: block.Norms is null);

    /// <summary>The choice of experts, from the normalised input.</summary>
    private void RecordRouter(CommandList commands, ExpertActivations act, MixtureBlock block, int rows)
    {
        (int experts, int used) = (config.NumExperts, config.NumExpertsPerToken);
        kernels.Gemm.Record(
            commands, weights[block.Router].Matrix, act.RouterInput, act.Logits, GemmMode.Store, rows, inputType: ActivationType.F32);
        if (Vector(block.RouterBias) is { } bias)
        {
            kernels.AddRows.RecordBias(commands, act.Logits, bias, rows, experts);
        }

        kernels.Route.Record(
            commands, act.Logits, act.Chosen, act.Weights, rows, experts, used, block.Recipe.Router, Vector(block.ChoiceBias),
            Vector(block.Scales));
    }

    private BufferView? Vector(VectorPart? part) => part is null ? null : weights[part];
}

using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>What takes the residual stream next.</summary>
/// <param name="Norm">The norm of its input; null: it takes the stream as it is.</param>
/// <param name="Linear">Its first product.</param>
internal readonly record struct NextInput(NormPart? Norm, LinearPart Linear);

/// <summary>
/// The residual stream between blocks: embeddings, the norms that take it to products, what blocks add to it, and the head. Records
/// commands only; immutable, thread-safe.
/// </summary>
internal sealed class ResidualStream(ModelConfig config, TransformerWeights weights, KernelSet kernels)
{
    /// <summary>The token of a step state.</summary>
    public void RecordEmbed(CommandList commands, BufferView hidden, BufferView stepState)
    {
        kernels.Embed.Record(commands, weights.Embedding, stepState, StepState.TokenIdIndex, hidden, 1, config.StreamEmbeddingScale);
        if (weights.Positions is { } positions)
        {
            kernels.AddRows.RecordPosition(
                commands, hidden, positions, config.PositionRows, config.FirstPositionRow!.Value, stepState, config.HiddenSize);
        }
    }

    /// <summary>The tokens of rows.</summary>
    public void RecordEmbed(CommandList commands, RowActivations act, RowList rows)
    {
        kernels.Embed.RecordRows(commands, weights.Embedding, rows, act.Hidden, config.StreamEmbeddingScale);
        if (weights.Positions is { } positions)
        {
            kernels.AddRows.RecordPositions(
                commands, act.Hidden, positions, config.PositionRows, config.FirstPositionRow!.Value, rows, config.HiddenSize, rows.Most);
        }

        if (weights.TokenType is { } type)
        {
            kernels.AddRows.RecordBias(commands, act.Hidden, type, rows.Most, config.HiddenSize);
        }

        RecordSumNorm(commands, act, weights.Blocks.EmbeddingNorm, rows.Most);
    }

    /// <summary>The stream of one row as a product takes it.</summary>
    public VectorInput RecordInput(CommandList commands, DecodeActivations act, NextInput next) =>
        RecordInput(commands, act.Hidden, act.Normed, next);

    /// <summary>A row of the stream as a product takes it, left in a buffer.</summary>
    public VectorInput RecordInput(CommandList commands, BufferView hidden, BufferView normed, NextInput next)
    {
        // Products take float32 whatever the format of their weights; as it is, the stream is in no other form.
        if (next.Norm is not { } part)
        {
            return new VectorInput(hidden);
        }

        NormWeights norm = weights[part];
        var output = new VectorOutput(normed, kernels.Gemv.FormOf(weights[next.Linear].Matrix));
        return kernels.Norm.RecordVector(commands, hidden, norm.Gain, output, config.HiddenSize, config.StreamEps, norm.Shift);
    }

    /// <summary>
    /// What was taken of the stream as another product takes it, behind the same norm: the same where the form is, else the stream anew.
    /// </summary>
    public VectorInput InputFor(CommandList commands, DecodeActivations act, VectorInput taken, NextInput next) =>
        taken.Norm is null && FormOf(next) == taken.Form ? taken : RecordInput(commands, act, next);

    /// <summary>The form in which a product takes the stream.</summary>
    private VectorForm FormOf(NextInput next) =>
        next.Norm is null ? VectorForm.Float : kernels.Gemv.FormOf(weights[next.Linear].Matrix);

    /// <summary>Where a product that ends a block leaves what comes next; null: its norm has to be computed by itself.</summary>
    public VectorOutput? OutputFor(DecodeActivations act, NextInput next) => next.Norm is { Kind: NormKind.RmsNorm } norm
        ? new VectorOutput(
            act.Normed, kernels.Gemv.FormOf(weights[next.Linear].Matrix), new NextNorm(weights[norm].Gain, act.Squares, config.StreamEps))
        : null;

    /// <summary>The stream of rows as matrix products of a type take it, to <see cref="GemmInputs.Normed"/>.</summary>
    public void RecordInput(CommandList commands, RowActivations act, NormPart? norm, int rows, ActivationType type)
    {
        if (norm is null)
        {
            kernels.Activate.Record(
                commands, act.Hidden, act.Inputs(type).Normed, rows, config.HiddenSize, ActivationFunction.None, gated: false,
                outputType: type);
            return;
        }

        RecordNorm(commands, act.Hidden, norm, act.Inputs(type).Normed, rows, type);
    }

    /// <summary>Normalises the stream of rows itself, where there is such a norm.</summary>
    public void RecordSumNorm(CommandList commands, RowActivations act, NormPart? norm, int rows)
    {
        if (norm is not null)
        {
            RecordNorm(commands, act.Hidden, norm, act.Hidden, rows, ActivationType.F32);
        }
    }

    /// <summary>
    /// Adds a block's output to the stream of one row, normalised first where the layer does; behind a norm the stream may have a factor.
    /// </summary>
    public void RecordAdd(
        CommandList commands, DecodeActivations act, LinearPart linear, VectorInput input, NormPart? postNorm, VectorPart? scale = null)
    {
        LinearWeights w = weights[linear];
        if (postNorm is null)
        {
            kernels.Gemv.Record(commands, w.Matrix, input, act.Hidden, GemvMode.Accumulate, w.Bias);
            return;
        }

        kernels.Gemv.Record(commands, w.Matrix, input, act.Projected, GemvMode.Store, w.Bias);
        RecordPostNorm(commands, act.Projected, postNorm, act.Hidden, 1, scale);
    }

    /// <summary>The same, ending with what comes next takes; null: that takes the stream by itself.</summary>
    public VectorInput? RecordAdd(
        CommandList commands, DecodeActivations act, LinearPart linear, VectorInput input, NormPart? postNorm, NextInput? nextOrNone,
        VectorPart? scale = null)
    {
        if (nextOrNone is not { } next)
        {
            RecordAdd(commands, act, linear, input, postNorm, scale);
            return null;
        }

        if (postNorm is null && OutputFor(act, next) is { } output)
        {
            return kernels.Gemv.RecordResidual(commands, weights[linear].Matrix, input, act.Hidden, output, weights[linear].Bias);
        }

        RecordAdd(commands, act, linear, input, postNorm, scale);
        return RecordInput(commands, act, next);
    }

    /// <summary>The same of rows.</summary>
    public void RecordAdd(
        CommandList commands, RowActivations act, LinearPart linear, BufferView input, ActivationType type, NormPart? postNorm, int rows,
        VectorPart? scale = null)
    {
        if (postNorm is null)
        {
            RecordProduct(commands, act, linear, input, type, act.Hidden, GemmMode.Accumulate, rows);
            return;
        }

        RecordProduct(commands, act, linear, input, type, act.Projected, GemmMode.Store, rows);
        RecordPostNorm(commands, act.Projected, postNorm, act.Hidden, rows, scale);
    }

    /// <summary>A block's last product of rows, with its bias: [rows, HiddenSize].</summary>
    public void RecordProduct(
        CommandList commands, RowActivations act, LinearPart linear, BufferView input, ActivationType type, BufferView target,
        GemmMode mode, int rows)
    {
        LinearWeights w = weights[linear];
        kernels.Gemm.Record(commands, w.Matrix, input, target, mode, rows, inputType: type, scratch: act.GemmScratch);
        if (w.Bias is { } bias)
        {
            kernels.AddRows.RecordBias(commands, target, bias, rows, config.HiddenSize);
        }
    }

    /// <summary>A norm of rows of the stream [rows, HiddenSize].</summary>
    public void RecordNorm(CommandList commands, BufferView x, NormPart part, BufferView y, int rows, ActivationType type) =>
        kernels.Norm.Record(commands, x, weights[part].Gain, y, rows, config.HiddenSize, config.StreamEps, type, weights[part].Shift);

    /// <summary>A norm of blocks' outputs, added to the stream, or to another sum; or as the first of that.</summary>
    public void RecordPostNorm(
        CommandList commands, BufferView x, NormPart part, BufferView sum, int rows, VectorPart? scale = null, bool accumulate = true) =>
        kernels.Norm.Record(
            commands, x, weights[part].Gain, sum, rows, config.HiddenSize, config.NormEps, ActivationType.F32, weights[part].Shift,
            accumulate, scale is null ? null : weights[scale]);

    /// <summary>What the head takes.</summary>
    public NextInput Head => new(weights.Blocks.OutputNorm, weights.Blocks.Output);

    /// <summary>Logits [VocabSize] of what <see cref="RecordInput(CommandList, DecodeActivations, NextInput)"/> made for the head.</summary>
    public void RecordHead(CommandList commands, VectorInput input, BufferView logits)
    {
        kernels.Gemv.Record(commands, weights.Output.Matrix, input, logits, GemvMode.Store, weights.Output.Bias);
        RecordSoftCap(commands, logits);
    }

    /// <summary>Logits of one row of the stream.</summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="hidden">float32 [HiddenSize].</param>
    /// <param name="normed">Scratch, of as many bytes.</param>
    /// <param name="logits">float32 [VocabSize].</param>
    public void RecordHead(CommandList commands, BufferView hidden, BufferView normed, BufferView logits) =>
        RecordHead(commands, RecordInput(commands, hidden, normed, Head), logits);

    /// <summary>Logits [rows, VocabSize] of rows of the stream.</summary>
    public void RecordHeads(CommandList commands, RowActivations act, BufferView hidden, BufferView logits, int rows)
    {
        LinearWeights output = weights.Output;
        ActivationType type = kernels.Gemm.PreferredInput(output.Matrix);
        RecordNorm(commands, hidden, weights.Blocks.OutputNorm!, act.Inputs(type).Normed, rows, type);
        kernels.Gemm.Record(
            commands, output.Matrix, act.Inputs(type).Normed, logits, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
        if (output.Bias is { } bias)
        {
            kernels.AddRows.RecordBias(commands, logits, bias, rows, config.VocabSize);
        }

        RecordSoftCap(commands, logits);
    }

    private void RecordSoftCap(CommandList commands, BufferView logits)
    {
        if (config.LogitSoftCap > 0)
        {
            kernels.SoftCap.Record(commands, logits, config.LogitSoftCap);
        }
    }
}

using VkInfer.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// A decoder-only transformer as sequences of kernels: <see cref="RecordDecode"/> for one token, <see cref="RecordPrefillLayer"/> for
/// many. <see cref="ModelConfig"/> says what differs from family to family. Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class DecoderTransformer
{
    private readonly ModelConfig _config;
    private readonly TransformerWeights _weights;
    private readonly KernelSet _kernels;

    public DecoderTransformer(ModelConfig config, TransformerWeights weights, KernelSet kernels)
    {
        _config = config;
        _weights = weights;
        _kernels = kernels;
    }

    /// <summary>
    /// One token, named by the step state, through all layers and on to its logits: at most five dispatches a layer, one more for a norm of
    /// query and key heads, one or two for each norm that no product can compute on its way, and one or two for each matrix in parts. What
    /// writes an activation leaves it in the form that the next product takes.
    /// </summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="act">The session's activations.</param>
    /// <param name="cache">The session's keys and values.</param>
    /// <param name="stepState">Names the token and its position.</param>
    /// <param name="layersDone">Called where the residual stream is that behind so many layers; may add commands that read it.</param>
    public void RecordDecode(
        CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, Action<int>? layersDone = null)
    {
        RecordStepEmbed(commands, act.Hidden, stepState);
        layersDone?.Invoke(0);
        VectorInput normed = RecordDecodeNorm(commands, act, _weights.Layers[0].AttentionNorm, _weights.Layers[0].Qkv);
        for (int i = 0; i < _weights.Layers.Count; i++)
        {
            normed = RecordDecodeLayer(commands, act, normed, cache, stepState, i);
            layersDone?.Invoke(i + 1);
        }

        RecordHead(commands, normed, act.Logits);
    }

    /// <summary>The token of a step state to its residual stream.</summary>
    private void RecordStepEmbed(CommandList commands, BufferView hidden, BufferView stepState)
    {
        _kernels.Embed.Record(commands, _weights.Embedding, stepState, StepState.TokenIdIndex, hidden, 1, _config.EmbeddingScale);
        if (_weights.Positions is { } positions)
        {
            _kernels.AddRows.RecordPosition(
                commands, hidden, positions, _config.PositionRows, _config.FirstPositionRow!.Value, stepState, _config.HiddenSize);
        }
    }

    /// <summary>One layer of <see cref="RecordDecode"/>.</summary>
    /// <returns>What the next layer, or the head, takes.</returns>
    private VectorInput RecordDecodeLayer(
        CommandList commands, DecodeActivations act, VectorInput normed, KvCache cache, BufferView stepState, int index)
    {
        LayerWeights layer = _weights.Layers[index];
        (NormWeights nextNorm, LinearWeights next) = index + 1 < _weights.Layers.Count
            ? (_weights.Layers[index + 1].AttentionNorm, _weights.Layers[index + 1].Qkv)
            : (_weights.OutputNorm, _weights.Output);
        RecordDecodeQkv(commands, act, normed, cache, stepState, index);
        VectorInput attended = RecordDecodeAttention(commands, act, cache, stepState, index);
        if (layer.Router is { } router)
        {
            RecordDecodeResidual(commands, layer.Output, attended, layer.AttentionPostNorm, act);
            RecordExperts(commands, act.Experts!, act.Hidden, layer, router, 1);
            return RecordDecodeNorm(commands, act, nextNorm, next);
        }

        normed = RecordDecodeResidual(commands, layer.Output, attended, layer.AttentionPostNorm, act, layer.MlpNorm, layer.Up);
        VectorInput mlp = RecordDecodeMlp(commands, act, normed, layer);
        return RecordDecodeResidual(commands, layer.Down, mlp, layer.MlpPostNorm, act, nextNorm, next);
    }

    /// <summary>
    /// One token of each of several sequences, named by their step states, through all layers and on to their logits: the linear layers
    /// take all of them at once, so that weights are read once, and each attends to its own cache.
    /// </summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="act">For as many rows as there are sequences, or more.</param>
    /// <param name="attention">The sequences; to be uploaded before the commands are submitted.</param>
    /// <param name="logits">Scratch, float32 [rows, VocabSize]; of one sequence its own.</param>
    public void RecordBatch(CommandList commands, PrefillActivations act, BatchAttention attention, BufferView logits)
    {
        IReadOnlyList<BatchRow> rows = attention.Rows;
        for (int row = 0; row < rows.Count; row++)
        {
            RecordStepEmbed(commands, act.Row(row), rows[row].StepState);
        }

        for (int i = 0; i < _weights.Layers.Count; i++)
        {
            RecordPrefillQkv(commands, act, i, rows.Count);
            RecordBatchAttention(commands, act, attention, i);
            RecordPrefillOutput(commands, act, i, rows.Count);
            RecordPrefillMlp(commands, act, i, rows.Count);
        }

        RecordHeads(commands, act, logits, rows.Count);
        for (int row = 0; row < rows.Count; row++)
        {
            BufferView computed = Activations.Row(logits, ActivationType.F32, row, _config.VocabSize);
            if (computed != rows[row].Logits)
            {
                commands.Copy(computed, rows[row].Logits);
            }
        }
    }

    /// <summary>Token ids [rows] to the residual stream; the first is at <paramref name="position"/>.</summary>
    public void RecordPrefillEmbed(CommandList commands, PrefillActivations act, BufferView tokenIds, int rows, int position)
    {
        _kernels.Embed.Record(commands, _weights.Embedding, tokenIds, 0, act.Hidden, rows, _config.EmbeddingScale);
        if (_weights.Positions is { } positions)
        {
            _kernels.AddRows.RecordPositions(
                commands, act.Hidden, positions, _config.PositionRows, _config.FirstPositionRow!.Value + position, rows,
                _config.HiddenSize);
        }
    }

    /// <summary>One layer over <paramref name="rows"/> tokens of one sequence, the first at <paramref name="position"/>.</summary>
    public void RecordPrefillLayer(CommandList commands, PrefillActivations act, KvCache cache, int index, int rows, int position)
    {
        RecordPrefillQkv(commands, act, index, rows);
        RecordPrefillAttention(commands, act, cache, index, rows, position);
        RecordPrefillOutput(commands, act, index, rows);
        RecordPrefillMlp(commands, act, index, rows);
    }

    /// <summary>Norm and product: the residual stream to <see cref="PrefillActivations.Qkv"/>, without its bias.</summary>
    public void RecordPrefillQkv(CommandList commands, PrefillActivations act, int index, int rows)
    {
        LayerWeights layer = _weights.Layers[index];
        ActivationType type = _kernels.Gemm.PreferredInput(layer.Qkv.Matrix);
        RecordNorm(commands, act.Hidden, layer.AttentionNorm, act.Inputs(type).Normed, rows, type);
        _kernels.Gemm.Record(
            commands, layer.Qkv.Matrix, act.Inputs(type).Normed, act.Qkv, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
    }

    /// <summary>Bias, norm of heads, rotation, store and attention of consecutive tokens of one sequence.</summary>
    public void RecordPrefillAttention(CommandList commands, PrefillActivations act, KvCache cache, int index, int rows, int position)
    {
        LayerWeights layer = _weights.Layers[index];
        AttentionShape shape = Shape(cache, index);
        BufferView keys = cache.Keys(index);
        BufferView values = cache.Values(index);
        ActivationType queryType = _kernels.PrefillAttention.QueryType(shape);
        _kernels.RopeStore.Record(
            commands, act.Qkv, shape, Rope(index), position, act.Query, keys, values, rows, queryType, layer.Qkv.Bias, HeadNorm(layer));
        if (cache.ScoreStatistics is { } statistics)
        {
            _kernels.ScoreStatistics.Record(
                commands, shape, queryType, act.Query, keys, statistics.Layer(index), rows, position);
        }

        ActivationType type = _kernels.Gemm.PreferredInput(layer.Output.Matrix);
        _kernels.PrefillAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Prefill, act.Query, keys, values, cache.SoftmaxStats, act.Inputs(type).Attention,
            rows, position, type);
    }

    /// <summary>Attention's output projection, added to the residual stream.</summary>
    public void RecordPrefillOutput(CommandList commands, PrefillActivations act, int index, int rows)
    {
        LayerWeights layer = _weights.Layers[index];
        ActivationType type = _kernels.Gemm.PreferredInput(layer.Output.Matrix);
        RecordPrefillResidual(commands, layer.Output, act.Inputs(type).Attention, type, layer.AttentionPostNorm, act, rows);
    }

    /// <summary>Norm and feed-forward layer, added to the residual stream.</summary>
    public void RecordPrefillMlp(CommandList commands, PrefillActivations act, int index, int rows)
    {
        LayerWeights layer = _weights.Layers[index];
        if (layer.Router is { } router)
        {
            RecordExperts(commands, act.Experts!, act.Hidden, layer, router, rows);
            return;
        }

        ActivationType type = _kernels.Gemm.PreferredInput(layer.Up.Matrix);
        RecordNorm(commands, act.Hidden, layer.MlpNorm, act.Inputs(type).Normed, rows, type);
        ActivationType mlpType = _kernels.Gemm.PreferredInput(layer.Down.Matrix);
        BufferView mlp = act.Inputs(mlpType).Mlp;
        bool fusable = _config.IsGated && mlpType == ActivationType.F16 && layer.GatedInOne.Any();
        if (!fusable || !_kernels.Gemm.TryRecordGated(
            commands, layer.Up.Matrix, act.Inputs(type).Normed, mlp, _config.Activation, rows, act.GemmScratch))
        {
            ActivationType upType = mlpType == ActivationType.F16 ? type : ActivationType.F32;
            BufferView up = act.Inputs(upType).Up;
            _kernels.Gemm.Record(
                commands, layer.Up.Matrix, act.Inputs(type).Normed, up, GemmMode.Store, rows, upType, type, act.GemmScratch);
            _kernels.Activate.Record(
                commands, up, mlp, rows, _config.IntermediateSize, _config.Activation, _config.IsGated, layer.Up.Bias, upType, mlpType);
        }

        RecordPrefillResidual(commands, layer.Down, mlp, mlpType, layer.MlpPostNorm, act, rows);
    }

    /// <summary>Logits [VocabSize] of one row of the residual stream.</summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="hidden">float32 [HiddenSize].</param>
    /// <param name="normed">Scratch, of as many bytes.</param>
    /// <param name="logits">float32 [VocabSize].</param>
    public void RecordHead(CommandList commands, BufferView hidden, BufferView normed, BufferView logits) => RecordHead(
        commands,
        RecordVectorNorm(commands, hidden, _weights.OutputNorm, new VectorOutput(normed, _kernels.Gemv.FormOf(_weights.Output.Matrix))),
        logits);

    private void RecordHead(CommandList commands, VectorInput normed, BufferView logits)
    {
        _kernels.Gemv.Record(commands, _weights.Output.Matrix, normed, logits, GemvMode.Store, _weights.Output.Bias);
        RecordSoftCap(commands, logits);
    }

    /// <summary>Logits [rows, VocabSize] of many rows.</summary>
    public void RecordHeads(CommandList commands, PrefillActivations act, BufferView logits, int rows)
    {
        ActivationType type = _kernels.Gemm.PreferredInput(_weights.Output.Matrix);
        RecordNorm(commands, act.Hidden, _weights.OutputNorm, act.Inputs(type).Normed, rows, type);
        _kernels.Gemm.Record(
            commands, _weights.Output.Matrix, act.Inputs(type).Normed, logits, GemmMode.Store, rows, inputType: type,
            scratch: act.GemmScratch);
        if (_weights.Output.Bias is { } bias)
        {
            _kernels.AddRows.RecordBias(commands, logits, bias, rows, _config.VocabSize);
        }

        RecordSoftCap(commands, logits);
    }

    /// <summary>The attention of a layer over a cache.</summary>
    public AttentionShape Shape(KvCache cache, int index) => Shape(cache.Type, cache.Capacity, index);

    /// <summary>The attention of a layer over a cache of this type and capacity.</summary>
    public AttentionShape Shape(KvType type, int capacity, int index) => new(
        _config.NumHeads, _config.NumKvHeads, _config.HeadDim, _config.RotaryDim, _config.RopePairing, capacity, type,
        _config.AttentionScale ?? 1f / MathF.Sqrt(_config.HeadDim), _config.Window(index), _config.AttentionSoftCap);

    /// <summary>
    /// Queries, keys and values of one token, in one dispatch, or in two where heads are normalised or the device lacks 16-bit storage.
    /// </summary>
    private void RecordDecodeQkv(
        CommandList commands, DecodeActivations act, VectorInput normed, KvCache cache, BufferView stepState, int index)
    {
        LayerWeights layer = _weights.Layers[index];
        AttentionShape shape = Shape(cache, index);
        BufferView keys = cache.Keys(index);
        BufferView values = cache.Values(index);
        QkNorm? headNorm = HeadNorm(layer);
        if (headNorm is not null || !_kernels.Gemv.CanRecordQkv(shape.KvType))
        {
            _kernels.Gemv.Record(commands, layer.Qkv.Matrix, normed, act.Qkv, GemvMode.Store, layer.Qkv.Bias);
            _kernels.RopeStore.RecordStep(commands, act.Qkv, shape, Rope(index), stepState, act.Query, keys, values, qkNorm: headNorm);
        }
        else
        {
            _kernels.Gemv.RecordQkv(
                commands, layer.Qkv.Matrix, normed, shape, Rope(index), stepState, act.Query, keys, values, layer.Qkv.Bias);
        }
    }

    private VectorInput RecordDecodeAttention(CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        AttentionShape shape = Shape(cache, index);
        VectorForm form = DecodeAttentionKernel.CanStoreFixed(shape)
            ? _kernels.Gemv.FormOf(_weights.Layers[index].Output.Matrix)
            : VectorForm.Float;
        _kernels.DecodeAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Decode, act.Query, cache.Keys(index), cache.Values(index), stepState,
            act.AttentionScratch, cache.SoftmaxStats, act.Attention, form);
        return new VectorInput(act.Attention, form);
    }

    /// <summary>As <see cref="RecordPrefillAttention"/>, for one token of each sequence.</summary>
    private void RecordBatchAttention(CommandList commands, PrefillActivations act, BatchAttention attention, int index)
    {
        LayerWeights layer = _weights.Layers[index];
        ActivationType type = _kernels.Gemm.PreferredInput(layer.Output.Matrix);
        foreach ((KvType kvType, SequenceRange sequences) in attention.AddLayer(index))
        {
            AttentionShape shape = Shape(kvType, sequences.Sequences[0].Capacity, index);
            _kernels.DecodeAttention.RecordBatch(
                commands, shape, sequences, act.Qkv, Rope(index), attention.Scratch, act.Inputs(type).Attention, type, layer.Qkv.Bias,
                HeadNorm(layer));
        }
    }

    /// <summary>Norm, router and the experts of each token, added to the residual stream; the choice stays on the device.</summary>
    private void RecordExperts(
        CommandList commands, ExpertActivations act, BufferView hidden, LayerWeights layer, WeightMatrix router, int rows)
    {
        (int experts, int used) = (_config.NumExperts, _config.NumExpertsPerToken);
        RecordNorm(commands, hidden, layer.MlpNorm, act.Normed, rows, ActivationType.F32);
        _kernels.Gemm.Record(commands, router, act.Normed, act.Logits, GemmMode.Store, rows, inputType: ActivationType.F32);
        _kernels.Route.Record(commands, act.Logits, act.Chosen, act.Weights, rows, experts, used);
        _kernels.Expert.RecordGated(
            commands, layer.Up.Matrix.Parts[0], act.Normed, act.Chosen, act.Mlp, rows, experts, used, _config.Activation);
        _kernels.Expert.RecordDown(commands, layer.Down.Matrix.Parts[0], act.Mlp, act.Chosen, act.Outputs, rows, experts, used);
        _kernels.Combine.Record(commands, act.Outputs, act.Weights, hidden, rows, used, _config.HiddenSize);
    }

    /// <summary>The feed-forward layer up to what its second matrix takes.</summary>
    private VectorInput RecordDecodeMlp(CommandList commands, DecodeActivations act, VectorInput normed, LayerWeights layer)
    {
        var output = new VectorOutput(act.Mlp, _kernels.Gemv.FormOf(layer.Down.Matrix));
        if (!_config.IsGated)
        {
            return _kernels.Gemv.RecordActivated(commands, layer.Up.Matrix, normed, output, _config.Activation, layer.Up.Bias);
        }

        if (layer.Up.Matrix.Parts is [var gateUp])
        {
            return _kernels.Gemv.RecordGated(commands, gateUp, normed, output, _config.Activation, layer.Up.Bias);
        }

        _kernels.Gemv.Record(commands, layer.Up.Matrix, normed, act.GateUp, GemvMode.Store, layer.Up.Bias);
        _kernels.Activate.Record(commands, act.GateUp, act.Mlp, 1, _config.IntermediateSize, _config.Activation, gated: true);
        return new VectorInput(act.Mlp);
    }

    /// <summary>
    /// Adds a layer's output to the residual stream, normalised first where the model does; ends with what the next layer takes.
    /// </summary>
    private VectorInput RecordDecodeResidual(
        CommandList commands, LinearWeights linear, VectorInput input, NormWeights? postNorm, DecodeActivations act, NormWeights nextNorm,
        LinearWeights next)
    {
        if (postNorm is null && nextNorm.Shift is null)
        {
            var norm = new NextNorm(nextNorm.Gain, act.Squares, _config.NormEps);
            return _kernels.Gemv.RecordResidual(
                commands, linear.Matrix, input, act.Hidden, new VectorOutput(act.Normed, _kernels.Gemv.FormOf(next.Matrix), norm),
                linear.Bias);
        }

        RecordDecodeResidual(commands, linear, input, postNorm, act);
        return RecordDecodeNorm(commands, act, nextNorm, next);
    }

    /// <summary>Adds a layer's output to the residual stream, normalised first where the model does.</summary>
    private void RecordDecodeResidual(
        CommandList commands, LinearWeights linear, VectorInput input, NormWeights? postNorm, DecodeActivations act)
    {
        if (postNorm is null)
        {
            _kernels.Gemv.Record(commands, linear.Matrix, input, act.Hidden, GemvMode.Accumulate, linear.Bias);
            return;
        }

        _kernels.Gemv.Record(commands, linear.Matrix, input, act.Projected, GemvMode.Store, linear.Bias);
        RecordNorm(commands, act.Projected, postNorm, act.Hidden, 1, ActivationType.F32, accumulate: true);
    }

    /// <summary>The residual stream's norm, as a layer's product takes it.</summary>
    private VectorInput RecordDecodeNorm(CommandList commands, DecodeActivations act, NormWeights norm, LinearWeights linear) =>
        RecordVectorNorm(commands, act.Hidden, norm, new VectorOutput(act.Normed, _kernels.Gemv.FormOf(linear.Matrix)));

    private VectorInput RecordVectorNorm(CommandList commands, BufferView x, NormWeights norm, VectorOutput y) =>
        _kernels.Norm.RecordVector(commands, x, norm.Gain, y, _config.HiddenSize, _config.NormEps, norm.Shift);

    /// <summary>Adds a layer's output to the residual stream, normalised first where the model does.</summary>
    private void RecordPrefillResidual(
        CommandList commands, LinearWeights linear, BufferView input, ActivationType type, NormWeights? postNorm, PrefillActivations act,
        int rows)
    {
        BufferView target = postNorm is null ? act.Hidden : act.Projected;
        GemmMode mode = postNorm is null ? GemmMode.Accumulate : GemmMode.Store;
        _kernels.Gemm.Record(commands, linear.Matrix, input, target, mode, rows, inputType: type, scratch: act.GemmScratch);
        if (linear.Bias is { } bias)
        {
            _kernels.AddRows.RecordBias(commands, target, bias, rows, _config.HiddenSize);
        }

        if (postNorm is not null)
        {
            RecordNorm(commands, target, postNorm, act.Hidden, rows, ActivationType.F32, accumulate: true);
        }
    }

    private void RecordNorm(
        CommandList commands, BufferView x, NormWeights norm, BufferView y, int rows, ActivationType type, bool accumulate = false) =>
        _kernels.Norm.Record(commands, x, norm.Gain, y, rows, _config.HiddenSize, _config.NormEps, type, norm.Shift, accumulate);

    private void RecordSoftCap(CommandList commands, BufferView logits)
    {
        if (_config.LogitSoftCap > 0)
        {
            _kernels.SoftCap.Record(commands, logits, _config.LogitSoftCap);
        }
    }

    private BufferView Rope(int index) => _config.Window(index) > 0 ? _weights.Rope.Windowed : _weights.Rope.Full;

    private QkNorm? HeadNorm(LayerWeights layer) => layer.QkNorm is { } gains ? new QkNorm(gains, _config.NormEps) : null;
}

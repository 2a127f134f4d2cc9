using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// A decoder-only transformer as sequences of kernels: <see cref="RecordDecode"/> for one token, <see cref="RecordRowsLayer"/> for
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

    /// <summary>Layers of the model.</summary>
    public int LayerCount => _weights.Layers.Count;

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

    /// <summary>The tokens of rows to the residual stream.</summary>
    public void RecordEmbed(CommandList commands, RowActivations act, RowList rows)
    {
        _kernels.Embed.RecordRows(commands, _weights.Embedding, rows, act.Hidden, _config.EmbeddingScale);
        if (_weights.Positions is { } positions)
        {
            _kernels.AddRows.RecordPositions(
                commands, act.Hidden, positions, _config.PositionRows, _config.FirstPositionRow!.Value, rows, _config.HiddenSize,
                rows.Most);
        }
    }

    /// <summary>Norm and product: the residual stream to <see cref="RowActivations.Qkv"/>, without its bias.</summary>
    public void RecordRowsQkv(CommandList commands, RowActivations act, int index, int rows)
    {
        LayerWeights layer = _weights.Layers[index];
        ActivationType type = _kernels.Gemm.PreferredInput(layer.Qkv.Matrix);
        RecordNorm(commands, act.Hidden, layer.AttentionNorm, act.Inputs(type).Normed, rows, type);
        _kernels.Gemm.Record(
            commands, layer.Qkv.Matrix, act.Inputs(type).Normed, act.Qkv, GemmMode.Store, rows, inputType: type, scratch: act.GemmScratch);
    }

    /// <summary>Rows of a tile of attention of runs, in each layer, where the longest run has so many rows.</summary>
    public IEnumerable<int> TileRows(KvType type, int capacity, SoftmaxPlan softmax, int longestRun) =>
        Enumerable.Range(0, _weights.Layers.Count).Select(index => TileRows(Shape(type, capacity, index), softmax, index, longestRun));

    private int TileRows(AttentionShape shape, SoftmaxPlan softmax, int index, int longestRun) =>
        _kernels.PrefillAttention.TileRows(shape, softmax.Layers[index].Prefill.Scheme, longestRun);

    /// <summary>Attention's output projection, added to the residual stream.</summary>
    public void RecordRowsOutput(CommandList commands, RowActivations act, int index, int rows)
    {
        LayerWeights layer = _weights.Layers[index];
        ActivationType type = _kernels.Gemm.PreferredInput(layer.Output.Matrix);
        RecordRowsResidual(commands, layer.Output, act.Inputs(type).Attention, type, layer.AttentionPostNorm, act, rows);
    }

    /// <summary>Norm and feed-forward layer, added to the residual stream.</summary>
    public void RecordRowsMlp(CommandList commands, RowActivations act, int index, int rows)
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

        RecordRowsResidual(commands, layer.Down, mlp, mlpType, layer.MlpPostNorm, act, rows);
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
    private void RecordHeads(CommandList commands, RowActivations act, BufferView hidden, BufferView logits, int rows)
    {
        ActivationType type = _kernels.Gemm.PreferredInput(_weights.Output.Matrix);
        RecordNorm(commands, hidden, _weights.OutputNorm, act.Inputs(type).Normed, rows, type);
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
        QkNorm? headNorm = HeadNorm(layer);
        if (headNorm is not null || !_kernels.Gemv.CanRecordQkv(shape.KvType))
        {
            _kernels.Gemv.Record(commands, layer.Qkv.Matrix, normed, act.Qkv, GemvMode.Store, layer.Qkv.Bias);
            _kernels.RopeStore.RecordStep(
                commands, act.Qkv, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index), qkNorm: headNorm);
        }
        else
        {
            _kernels.Gemv.RecordQkv(
                commands, layer.Qkv.Matrix, normed, shape, Rope(index), stepState, act.Query, cache.Layer(index), cache.Blocks(index),
                layer.Qkv.Bias);
        }
    }

    private VectorInput RecordDecodeAttention(CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState, int index)
    {
        AttentionShape shape = Shape(cache, index);
        VectorForm form = DecodeAttentionKernel.CanStoreFixed(shape)
            ? _kernels.Gemv.FormOf(_weights.Layers[index].Output.Matrix)
            : VectorForm.Float;
        _kernels.DecodeAttention.Record(
            commands, shape, cache.Softmax.Layers[index].Decode, act.Query, cache.Layer(index), cache.Blocks(index), stepState,
            act.AttentionScratch, cache.SoftmaxStats, act.Attention, form);
        return new VectorInput(act.Attention, form);
    }

    /// <summary>One layer over rows of many sequences; what the pass' rows share is the pass'.</summary>
    public void RecordRowsLayer(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        int rows = step.Shape.Rows;
        RecordRowsQkv(commands, act, index, rows);
        RecordRowsAttention(commands, act, pass, step, index);
        RecordRowsOutput(commands, act, index, rows);
        RecordRowsMlp(commands, act, index, rows);
    }

    /// <summary>The logits of those rows that want them.</summary>
    public void RecordRowsLogits(CommandList commands, RowActivations act, RowsPass pass, PassRows step)
    {
        (int rows, int logits) = (step.Shape.Rows, step.Shape.Logits);
        if (logits == rows)
        {
            RecordHeads(commands, act, act.Hidden, pass.Logits, rows);
        }
        else if (logits > 0)
        {
            _kernels.GatherRows.Record(commands, act.Hidden, step.Logits, pass.LogitRows, _config.HiddenSize, rows);
            if (logits == 1)
            {
                RecordHead(
                    commands, Activations.Row(pass.LogitRows, ActivationType.F32, 0, _config.HiddenSize), pass.Normed,
                    Activations.Row(pass.Logits, ActivationType.F32, 0, _config.VocabSize));
            }
            else
            {
                RecordHeads(commands, act, pass.LogitRows, pass.Logits, logits);
            }
        }
    }

    /// <summary>Keys and values of all rows are stored before any attends, so that several of them may belong to one sequence.</summary>
    private void RecordRowsAttention(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        LayerWeights layer = _weights.Layers[index];
        RowsCache cache = pass.Cache;
        KvLayer place = cache.Store.Layer(index);
        StepShape most = step.Shape;
        AttentionShape shape = Shape(cache.Store.Type, cache.Capacity, index);
        if (most.Alone > 0)
        {
            _kernels.RopeStore.RecordRows(
                commands, act.Qkv, shape, Rope(index), step.Alone, cache.Sequences, place, act.Query, most.Rows, ActivationType.F32,
                layer.Qkv.Bias, HeadNorm(layer));
        }

        if (most.RunRows > 0)
        {
            _kernels.RopeStore.RecordRows(
                commands, act.Qkv, shape, Rope(index), step.Runs, cache.Sequences, place, act.RunQuery, most.Rows,
                _kernels.PrefillAttention.QueryType(shape), layer.Qkv.Bias, HeadNorm(layer));
            if (pass.Statistics is { } statistics)
            {
                _kernels.ScoreStatistics.Record(
                    commands, shape, _kernels.PrefillAttention.QueryType(shape), act.RunQuery, step.Runs, cache.Sequences, place,
                    statistics.Layer(index), most.Rows);
            }
        }

        ActivationType type = _kernels.Gemm.PreferredInput(layer.Output.Matrix);
        BufferView attended = act.Inputs(type).Attention;
        if (most.Alone > 0)
        {
            _kernels.DecodeAttention.RecordRows(
                commands, shape, cache.Softmax.Layers[index].Decode, step.Alone, cache.Sequences, place, act.Query, pass.AttentionScratch,
                attended, type, most.Rows);
        }

        if (most.RunRows > 0)
        {
            if (commands.IsProfiled)
            {
                commands.Describe(PrefillAttentionKernel.DescribeRun(shape, most.RunRows, step.FirstPosition));
            }

            _kernels.PrefillAttention.Record(
                commands, shape, cache.Softmax.Layers[index].Prefill,
                step.Tiles(TileRows(shape, cache.Softmax, index, most.LongestRun)), cache.Sequences, place, act.RunQuery, attended,
                most.Rows, most.LongestRun, type);
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
    private void RecordRowsResidual(
        CommandList commands, LinearWeights linear, BufferView input, ActivationType type, NormWeights? postNorm, RowActivations act,
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

using VkInfer.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The Llama architecture as sequences of kernels: <see cref="RecordDecode"/> for one token, <see cref="RecordPrefillLayer"/> for
/// many. Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class LlamaTransformer
{
    private readonly ModelConfig _config;
    private readonly TransformerWeights _weights;
    private readonly KernelSet _kernels;
    private readonly KvType _kvType;

    public LlamaTransformer(ModelConfig config, TransformerWeights weights, KernelSet kernels, KvType kvType)
    {
        _config = config;
        _weights = weights;
        _kernels = kernels;
        _kvType = kvType;
    }

    /// <summary>
    /// One token, named by the step state, through all layers: at most six dispatches each. Leaves the hidden state in place.
    /// </summary>
    public void RecordDecode(CommandList commands, DecodeActivations act, KvCache cache, BufferView stepState)
    {
        AttentionShape shape = Shape(cache.Capacity);
        _kernels.Embed.Record(commands, _weights.Embedding, stepState, StepState.TokenIdIndex, act.Hidden, 1);
        for (int i = 0; i < _weights.Layers.Count; i++)
        {
            LayerWeights layer = _weights.Layers[i];
            _kernels.Gemv.RecordQkv(
                commands, layer.Qkv, act.Hidden, Norm(layer.AttentionNorm), shape, _weights.RopeTable, stepState, act.Query, cache.Keys(i), cache.Values(i));
            _kernels.DecodeAttention.Record(commands, shape, act.Query, cache.Keys(i), cache.Values(i), stepState, act.Partials, act.Attention);
            _kernels.Gemv.Record(commands, layer.Output, act.Attention, act.Hidden, GemvMode.Accumulate);
            _kernels.Gemv.RecordSwiGlu(commands, layer.GateUp, act.Hidden, Norm(layer.MlpNorm), act.Mlp);
            _kernels.Gemv.Record(commands, layer.Down, act.Mlp, act.Hidden, GemvMode.Accumulate);
        }
    }

    /// <summary>Token ids [rows] to the residual stream.</summary>
    public void RecordPrefillEmbed(CommandList commands, PrefillActivations act, BufferView tokenIds, int rows) =>
        _kernels.Embed.Record(commands, _weights.Embedding, tokenIds, 0, act.Hidden, rows);

    /// <summary>One layer over <paramref name="rows"/> tokens, the first at <paramref name="position"/>.</summary>
    public void RecordPrefillLayer(CommandList commands, PrefillActivations act, KvCache cache, int index, int rows, int position)
    {
        LayerWeights layer = _weights.Layers[index];
        AttentionShape shape = Shape(cache.Capacity);
        BufferView keys = cache.Keys(index);
        BufferView values = cache.Values(index);
        ActivationType queryType = _kernels.PrefillAttention.QueryType(shape);

        ActivationType type = _kernels.Gemm.PreferredInput(layer.Qkv);
        RecordNorm(commands, act.Hidden, layer.AttentionNorm, act.Inputs(type).Normed, rows, type);
        _kernels.Gemm.Record(commands, layer.Qkv, act.Inputs(type).Normed, act.Qkv, GemmMode.Store, rows, inputType: type);
        _kernels.RopeStore.Record(commands, act.Qkv, shape, _weights.RopeTable, position, act.Query, keys, values, rows, queryType);
        type = _kernels.Gemm.PreferredInput(layer.Output);
        _kernels.PrefillAttention.Record(commands, shape, act.Query, keys, values, act.Inputs(type).Attention, rows, position, type);
        _kernels.Gemm.Record(commands, layer.Output, act.Inputs(type).Attention, act.Hidden, GemmMode.Accumulate, rows, inputType: type);

        type = _kernels.Gemm.PreferredInput(layer.GateUp);
        RecordNorm(commands, act.Hidden, layer.MlpNorm, act.Inputs(type).Normed, rows, type);
        ActivationType mlpType = _kernels.Gemm.PreferredInput(layer.Down);
        ActivationType gateUpType = mlpType == ActivationType.F16 ? type : ActivationType.F32;
        BufferView gateUp = act.Inputs(gateUpType).GateUp;
        _kernels.Gemm.Record(commands, layer.GateUp, act.Inputs(type).Normed, gateUp, GemmMode.Store, rows, gateUpType, type);
        _kernels.SwiGlu.Record(commands, gateUp, act.Inputs(mlpType).Mlp, rows, _config.IntermediateSize, gateUpType, mlpType);
        _kernels.Gemm.Record(commands, layer.Down, act.Inputs(mlpType).Mlp, act.Hidden, GemmMode.Accumulate, rows, inputType: mlpType);
    }

    /// <summary>Logits [VocabSize] of one row of the residual stream.</summary>
    public void RecordHead(CommandList commands, BufferView hidden, BufferView logits) =>
        _kernels.Gemv.Record(commands, _weights.Output, hidden, logits, GemvMode.Store, Norm(_weights.OutputNorm));

    /// <summary>Logits [rows, VocabSize] of many rows.</summary>
    public void RecordHeads(CommandList commands, PrefillActivations act, BufferView logits, int rows)
    {
        ActivationType type = _kernels.Gemm.PreferredInput(_weights.Output);
        RecordNorm(commands, act.Hidden, _weights.OutputNorm, act.Inputs(type).Normed, rows, type);
        _kernels.Gemm.Record(commands, _weights.Output, act.Inputs(type).Normed, logits, GemmMode.Store, rows, inputType: type);
    }

    /// <summary>The attention of this model over a cache of some capacity.</summary>
    public AttentionShape Shape(int capacity) => new(
        _config.NumHeads, _config.NumKvHeads, _config.HeadDim, _config.RotaryDim, _config.RopePairing, capacity, _kvType, 1f / MathF.Sqrt(_config.HeadDim));

    private void RecordNorm(CommandList commands, BufferView x, BufferView gain, BufferView y, int rows, ActivationType type) =>
        _kernels.RmsNorm.Record(commands, x, gain, y, rows, _config.HiddenSize, _config.RmsNormEps, type);

    private NormFusion Norm(BufferView gain) => new(gain, _config.RmsNormEps);
}

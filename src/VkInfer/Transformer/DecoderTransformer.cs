using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// A transformer as sequences of kernels: <see cref="RecordDecode"/> for one token, the methods for rows, which
/// <see cref="RowsPass"/> takes, for many. The recipes of the layers say what there is, and in which order; <see cref="MixerPass"/>,
/// <see cref="FeedForwardPass"/> and <see cref="ResidualStream"/> record it. Records commands only; immutable, thread-safe.
/// </summary>
internal sealed class DecoderTransformer
{
    private readonly ModelConfig _config;
    private readonly KernelSet _kernels;
    private readonly IReadOnlyList<LayerBlocks> _layers;
    private readonly ResidualStream _stream;
    private readonly AttentionPass _attention;
    private readonly LatentPass _latent;
    private readonly GatedDeltaPass _gatedDelta;
    private readonly Mamba2Pass _mamba2;
    private readonly ShortConvPass _shortConv;
    private readonly FeedForwardPass _feedForward;
    private readonly ParallelMixturePass _parallelMixture;
    private readonly PerLayerInputs? _perLayerInputs;
    private readonly PerLayerPass _perLayer;

    public DecoderTransformer(ModelConfig config, TransformerWeights weights, KernelSet kernels)
    {
        _config = config;
        _kernels = kernels;
        _layers = weights.Blocks.Layers;
        _stream = new ResidualStream(config, weights, kernels);
        _attention = new AttentionPass(config, weights, kernels, _stream);
        _latent = new LatentPass(config, weights, kernels, _stream);
        _gatedDelta = new GatedDeltaPass(config, weights, kernels, _stream);
        _mamba2 = new Mamba2Pass(config, weights, kernels, _stream);
        _shortConv = new ShortConvPass(config, weights, kernels, _stream);
        _feedForward = new FeedForwardPass(config, weights, kernels, _stream);
        _perLayerInputs = weights.Blocks.PerLayer;
        _perLayer = new PerLayerPass(config, weights, kernels, _stream);
        _parallelMixture = new ParallelMixturePass(weights, kernels, _stream, _feedForward);
    }

    /// <summary>Layers of the model.</summary>
    public int LayerCount => _layers.Count;

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
        if (_config.IsEncoder)
        {
            throw new NotSupportedException("an encoder takes texts whole; expected a pass over rows");
        }

        _stream.RecordEmbed(commands, act.Hidden, stepState);
        if (_perLayerInputs is not null)
        {
            _perLayer.RecordInputs(commands, act, _perLayerInputs, stepState);
        }

        layersDone?.Invoke(0);
        VectorInput? input = InputOf(0) is { } first ? _stream.RecordInput(commands, act, first) : null;
        for (int i = 0; i < _layers.Count; i++)
        {
            input = RecordDecodeLayer(commands, act, input, cache, stepState, i);
            layersDone?.Invoke(i + 1);
        }

        _stream.RecordHead(commands, input!.Value, act.Logits);
    }

    /// <summary>
    /// What a layer takes of the residual stream, behind the last one the head; null: a mixture with norms of its own, which takes the
    /// stream by itself.
    /// </summary>
    private NextInput? InputOf(int index) => index == _layers.Count ? _stream.Head
        : _layers[index] is { Mixers: [var mixer, ..] } layer ? new NextInput(layer.MixerNorm, mixer.Input)
        : FeedForwardInput(_layers[index]);

    private static NextInput? FeedForwardInput(LayerBlocks layer) => layer.FeedForward switch
    {
        DenseBlock dense => new NextInput(layer.FeedForwardNorm, dense.Up),
        MixtureBlock { Norms: null } mixture => new NextInput(layer.FeedForwardNorm, mixture.Up),
        _ => null,
    };

    /// <summary>One layer of <see cref="RecordDecode"/>.</summary>
    /// <returns>What the next layer, or the head, takes.</returns>
    private VectorInput? RecordDecodeLayer(
        CommandList commands, DecodeActivations act, VectorInput? taken, KvCache cache, BufferView stepState, int index)
    {
        LayerBlocks layer = _layers[index];
        NextInput? next = InputOf(index + 1);
        if (layer is { Recipe.IsParallel: true, FeedForward: DenseBlock beside })
        {
            VectorInput input = taken!.Value;
            MixerPass mixer = PassOf(layer.Mixers[0]);
            mixer.RecordInput(commands, act, input, cache, stepState, index);

            // The stream changes only behind both.
            input = _stream.InputFor(commands, act, input, new NextInput(layer.FeedForwardNorm, beside.Up));
            VectorInput middle = _feedForward.RecordUp(commands, act, input, beside);
            VectorInput beforeBoth = mixer.RecordMix(commands, act, cache, stepState, index);
            _stream.RecordAdd(commands, act, layer.Mixers[0].Output, beforeBoth, layer.MixerPostNorm);
            return _stream.RecordAdd(commands, act, beside.Down, middle, layer.FeedForwardPostNorm, next, layer.OutputScale);
        }

        if (layer.Mixers.Count > 0)
        {
            taken = RecordDecodeMixers(
                commands, act, taken!.Value, cache, stepState, index, layer.FeedForward is null ? next : FeedForwardInput(layer));
        }

        switch (layer.FeedForward)
        {
            case MixtureBlock { Norms: not null } mixture:
                _parallelMixture.Record(commands, act, layer, mixture);
                return layer.PerLayer is not null ? _perLayer.Record(commands, act, layer, index, next)
                    : next is { } then ? _stream.RecordInput(commands, act, then) : null;
            case MixtureBlock mixture:
                return _feedForward.RecordMixture(commands, act, taken!.Value, layer.FeedForwardNorm!, mixture, next);
            case DenseBlock dense:
                VectorInput mlp = _feedForward.RecordUp(commands, act, taken!.Value, dense);
                if (layer.PerLayer is not null)
                {
                    _stream.RecordAdd(commands, act, dense.Down, mlp, layer.FeedForwardPostNorm);
                    return _perLayer.Record(commands, act, layer, index, next);
                }

                return _stream.RecordAdd(commands, act, dense.Down, mlp, layer.FeedForwardPostNorm, next, layer.OutputScale);
            default:
                return taken;
        }
    }

    /// <summary>A layer's mixers, up to what comes behind them.</summary>
    private VectorInput? RecordDecodeMixers(
        CommandList commands, DecodeActivations act, VectorInput input, KvCache cache, BufferView stepState, int index, NextInput? next)
    {
        LayerBlocks layer = _layers[index];
        MixerBlock last = layer.Mixers[^1];
        MixerPass pass = PassOf(last);
        if (layer.Mixers is [var first, _])
        {
            MixerPass own = PassOf(first);
            own.RecordInput(commands, act, input, cache, stepState, index);
            VectorInput ofFirst = own.RecordMix(commands, act, cache, stepState, index);

            // The other takes the stream before it changes.
            input = _stream.InputFor(commands, act, input, new NextInput(layer.MixerNorm, last.Input));
            pass.RecordInput(commands, act, input, cache, stepState, index);
            _stream.RecordAdd(commands, act, first.Output, ofFirst, null);
        }
        else
        {
            pass.RecordInput(commands, act, input, cache, stepState, index);
        }

        VectorInput mixed = pass.RecordMix(commands, act, cache, stepState, index);
        return _stream.RecordAdd(commands, act, last.Output, mixed, layer.MixerPostNorm, next);
    }

    /// <summary>The tokens of rows to the residual stream, and to layers' own inputs.</summary>
    public void RecordEmbed(CommandList commands, RowActivations act, RowList rows)
    {
        _stream.RecordEmbed(commands, act, rows);
        if (_perLayerInputs is not null)
        {
            _perLayer.RecordInputs(commands, act, _perLayerInputs, rows);
        }
    }

    /// <summary>One layer over rows of many sequences; what the pass' rows share is the pass'.</summary>
    public void RecordRowsLayer(CommandList commands, RowActivations act, RowsPass pass, PassRows step, int index)
    {
        LayerBlocks layer = _layers[index];
        int rows = step.Shape.Rows;
        if (layer is { Recipe.IsParallel: true, FeedForward: DenseBlock beside })
        {
            MixerPass mixer = PassOf(layer.Mixers[0]);
            ActivationType normed = mixer.RecordInput(commands, act, layer.MixerNorm, layer.Mixers[0], rows);
            _feedForward.RecordUp(commands, act, layer.FeedForwardNorm, beside, rows, normed);
            mixer.RecordRows(commands, act, pass, step, index);
            mixer.RecordOutput(commands, act, layer.MixerPostNorm, layer.Mixers[0], rows);
            _feedForward.RecordDown(commands, act, beside, layer.FeedForwardPostNorm, rows, layer.OutputScale);
            return;
        }

        // The second of two mixers takes the stream before the first one's output is added.
        MixerBlock? before = null;
        foreach (MixerBlock block in layer.Mixers)
        {
            PassOf(block).RecordInput(commands, act, layer.MixerNorm, block, rows);
            if (before is not null)
            {
                PassOf(before).RecordOutput(commands, act, null, before, rows);
            }

            PassOf(block).RecordRows(commands, act, pass, step, index);
            before = block;
        }

        if (before is not null)
        {
            PassOf(before).RecordOutput(commands, act, layer.MixerPostNorm, before, rows);
            _stream.RecordSumNorm(commands, act, layer.MixerSumNorm, rows);
        }

        switch (layer.FeedForward)
        {
            case MixtureBlock { Norms: not null } mixture:
                _parallelMixture.Record(commands, act, layer, mixture, rows);
                if (layer.PerLayer is not null)
                {
                    _perLayer.Record(commands, act, layer, index, rows);
                }

                break;
            case MixtureBlock mixture:
                _feedForward.RecordMixture(commands, act, layer.FeedForwardNorm!, mixture, rows);
                break;
            case DenseBlock dense:
                _feedForward.RecordUp(commands, act, layer.FeedForwardNorm, dense, rows);
                if (layer.PerLayer is not null)
                {
                    _feedForward.RecordDown(commands, act, dense, layer.FeedForwardPostNorm, rows);
                    _perLayer.Record(commands, act, layer, index, rows);
                    break;
                }

                _feedForward.RecordDown(commands, act, dense, layer.FeedForwardPostNorm, rows, layer.OutputScale);
                _stream.RecordSumNorm(commands, act, layer.FeedForwardSumNorm, rows);
                break;
        }
    }

    /// <summary>The logits of those rows that want them.</summary>
    public void RecordRowsLogits(CommandList commands, RowActivations act, RowsPass pass, PassRows step)
    {
        (int rows, int logits) = (step.Shape.Rows, step.Shape.Logits);
        if (logits == rows)
        {
            _stream.RecordHeads(commands, act, act.Hidden, pass.Logits, rows);
        }
        else if (logits > 0)
        {
            _kernels.GatherRows.Record(commands, act.Hidden, step.Logits, pass.LogitRows, _config.HiddenSize, rows);
            if (logits == 1 && !_kernels.Context.IsBatchInvariant)
            {
                RecordHead(
                    commands, Activations.Row(pass.LogitRows, ActivationType.F32, 0, _config.HiddenSize), pass.Normed,
                    Activations.Row(pass.Logits, ActivationType.F32, 0, _config.VocabSize));
            }
            else
            {
                _stream.RecordHeads(commands, act, pass.LogitRows, pass.Logits, logits);
            }
        }
    }

    private MixerPass PassOf(MixerBlock block) => block switch
    {
        AttentionBlock => _attention,
        LatentBlock => _latent,
        GatedDeltaBlock => _gatedDelta,
        Mamba2Block => _mamba2,
        ShortConvBlock => _shortConv,
        _ => throw new NotSupportedException($"{block.Input}: no pass for this mixer"),
    };

    /// <summary>Logits [VocabSize] of one row of the residual stream.</summary>
    /// <param name="commands">Receives the dispatches.</param>
    /// <param name="hidden">float32 [HiddenSize].</param>
    /// <param name="normed">Scratch, of as many bytes.</param>
    /// <param name="logits">float32 [VocabSize].</param>
    public void RecordHead(CommandList commands, BufferView hidden, BufferView normed, BufferView logits) =>
        _stream.RecordHead(commands, hidden, normed, logits);

    /// <summary>All that <see cref="TileRows"/> may say of runs of up to so many rows.</summary>
    public SortedSet<int> EveryTileRows(KvType type, int capacity, SoftmaxPlan softmax, int rows)
    {
        var sizes = new SortedSet<int>();
        for (int run = 1; run < 2 * rows; run *= 2)
        {
            sizes.UnionWith(TileRows(type, capacity, softmax, Math.Min(run, rows)));
        }

        return sizes;
    }

    /// <summary>The norm before the head, of rows of the stream [rows, HiddenSize]; the stream where there is none.</summary>
    public void RecordLastNorm(CommandList commands, BufferView hidden, BufferView normed, int rows)
    {
        if (_stream.Head.Norm is { } norm)
        {
            _stream.RecordNorm(commands, hidden, norm, normed, rows, ActivationType.F32);
        }
        else
        {
            commands.Copy(hidden, normed);
        }
    }

    /// <summary>Rows of a tile of attention of runs, in each layer that attends, where the longest run has so many rows.</summary>
    public IEnumerable<int> TileRows(KvType type, int capacity, SoftmaxPlan softmax, int longestRun) => Attention(type, capacity)
        .Select(layer => _attention.TileRows(layer.Shape, softmax, layer.Index, longestRun));

    /// <summary>The attention of layers, each kind once, over a cache of this type and capacity.</summary>
    public IReadOnlyList<AttentionShape> Shapes(KvType type, int capacity) =>
        [.. Attention(type, capacity).Select(layer => layer.Shape).Distinct()];

    private IEnumerable<(int Index, AttentionShape Shape)> Attention(KvType type, int capacity)
    {
        for (int i = 0; i < _layers.Count; i++)
        {
            foreach (MixerBlock block in _layers[i].Mixers)
            {
                if (PassOf(block).Shape(type, capacity, i) is { } shape)
                {
                    yield return (i, shape);
                }
            }
        }
    }
}

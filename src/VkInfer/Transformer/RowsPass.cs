using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// A pass over rows of many sequences, any number of each: decode steps, drafts and chunks of prompts mixed. Keys and values of all rows
/// are stored before any attends; then rows attend in two dispatches a layer at most, those alone and those in tiles. Recorded for a
/// <see cref="StepShape"/> and replayed; how many rows a step has is on the device. Owns the logits, which its steps share; not thread-safe.
/// </summary>
internal sealed class RowsPass : IDisposable
{
    private readonly DecoderTransformer _transformer;
    private readonly KernelSet _kernels;
    private readonly RowActivations _activations;
    private readonly BufferSet _buffers;

    /// <param name="device">Where to run.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="transformer">Records the layers.</param>
    /// <param name="kernels">What they are made of.</param>
    /// <param name="activations">For as many rows as the largest steps have; not owned.</param>
    /// <param name="cache">Where keys and values of the sequences lie, and how attention accumulates.</param>
    /// <param name="most">The largest steps: most of each kind of row.</param>
    public RowsPass(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, RowActivations activations,
        RowsCache cache, StepShape most)
    {
        _transformer = transformer;
        _kernels = kernels;
        Cache = cache;
        _activations = activations;
        Most = most;
        _buffers = new BufferSet(device, "rows_pass");
        try
        {
            Logits = _buffers.CreateFloats("logits", most.Logits, config.VocabSize);
            LogitRows = _buffers.CreateFloats("logit_rows", most.Logits, config.HiddenSize);
            Normed = _buffers.CreateFloats("normed", 1, config.HiddenSize);
            AttentionScratch = _buffers.Create("attention_scratch", kernels.DecodeAttention.RowsScratchBytes(
                transformer.Shapes(cache.Store.Type, cache.Capacity), Math.Max(1, most.Alone)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The largest steps.</summary>
    public StepShape Most { get; }

    /// <summary>Where keys and values lie.</summary>
    public RowsCache Cache { get; }

    /// <summary>Logits of the rows that want them, float32 [rows, Stride(VocabSize)].</summary>
    public GpuBuffer Logits { get; }

    /// <summary>The residual stream of those rows, [rows, HiddenSize].</summary>
    internal GpuBuffer LogitRows { get; }

    /// <summary>One of them behind the last norm, [HiddenSize].</summary>
    internal GpuBuffer Normed { get; }

    /// <summary>Counters of every layer's scores while the softmax is calibrated; else null.</summary>
    public ScoreCounters? Statistics { get; init; }

    /// <summary>Partial sums of split-KV attention, and counters that are zero between steps.</summary>
    internal GpuBuffer AttentionScratch { get; }

    /// <summary>Sizes of tiles that runs of a shape take in the layers.</summary>
    public IEnumerable<int> TileRows(StepShape shape) => shape.RunRows == 0
        ? []
        : _transformer.TileRows(Cache.Store.Type, Cache.Capacity, Cache.Softmax, shape.LongestRun).Distinct();

    /// <summary>Zeroes what must be zero before the first step.</summary>
    public void RecordClear(CommandList commands) => _buffers.RecordClear(commands);

    /// <summary>Records the pass, from tokens to <see cref="Logits"/>, for steps of one shape.</summary>
    public void Record(CommandList commands, PassRows step) => RecordLayers(commands, step, 0, _transformer.LayerCount);

    /// <summary>Records so many layers of the pass; what stands before the first with it, what stands behind the last with that.</summary>
    public void RecordLayers(CommandList commands, PassRows step, int first, int count)
    {
        if (first == 0)
        {
            _kernels.ResolveRows.Record(commands, step.Plan, Cache.Sequences, step.Resolved);
            _transformer.RecordEmbed(commands, _activations, step.All);
        }

        for (int layer = first; layer < first + count; layer++)
        {
            _transformer.RecordRowsLayer(commands, _activations, this, step, layer);
        }

        if (first + count == _transformer.LayerCount)
        {
            _transformer.RecordRowsLogits(commands, _activations, this, step);
        }
    }

    public void Dispose() => _buffers.Dispose();
}

/// <summary>What the rows of a pass share: one store of pages, one softmax, and a table of their sequences.</summary>
/// <param name="Store">Where their pages come from.</param>
/// <param name="Sequences">What each sequence keeps.</param>
/// <param name="Softmax">How attention accumulates.</param>
/// <param name="Capacity">The most positions that a sequence may have.</param>
internal sealed record RowsCache(KvStore Store, SequenceTable Sequences, SoftmaxPlan Softmax, int Capacity);

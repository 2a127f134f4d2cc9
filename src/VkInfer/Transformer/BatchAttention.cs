using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The attention of several sequences, each to its own cache, in one dispatch for all that store and accumulate alike. Owns what those
/// dispatches share; not thread-safe.
/// </summary>
internal sealed class BatchAttention : IDisposable
{
    private readonly BatchRow[] _rows;
    private readonly SequenceTable _table;
    private readonly GpuBuffer _scratch;

    public BatchAttention(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, IEnumerable<BatchRow> rows)
    {
        _rows = [.. rows];
        _table = new SequenceTable(device, config.NumLayers * _rows.Length);
        try
        {
            long bytes = kernels.DecodeAttention.BatchScratchBytes(_rows.Select(row => transformer.Shape(row.Cache, 0)), _rows.Length);
            _scratch = device.CreateBuffer(bytes, BufferKind.DeviceLocal, "batch.attention_scratch");
        }
        catch
        {
            _table.Dispose();
            throw;
        }
    }

    public IReadOnlyList<BatchRow> Rows => _rows;

    /// <summary>Partial sums of split-KV attention, and counters that are zero between steps.</summary>
    public BufferView Scratch => _scratch;

    public void RecordClear(CommandList commands) => commands.Fill(_scratch, 0);

    /// <summary>The sequences of a layer, together where their caches and their softmax are of one kind.</summary>
    public IEnumerable<(KvType Type, SequenceRange Sequences)> AddLayer(int layer) => _rows
        .Select((row, index) => (row.Cache.Type, Sequence: new SequenceAttention(
            row.Cache.Keys(layer), row.Cache.Values(layer), row.Cache.Capacity, row.StepState, row.Cache.Softmax.Layers[layer].Decode,
            row.Cache.SoftmaxStats, index)))
        .GroupBy(row => (row.Type, row.Sequence.Softmax.Scheme))
        .Select(group => (group.Key.Type, _table.Add([.. group.Select(row => row.Sequence)])))
        .ToArray();

    /// <summary>Makes what was recorded ready to be submitted.</summary>
    public void Upload() => _table.Upload();

    public void Dispose()
    {
        _table.Dispose();
        _scratch.Dispose();
    }
}

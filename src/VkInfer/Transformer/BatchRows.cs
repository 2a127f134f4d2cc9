using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Rows of a batch whose keys and values are of one type, and whose softmax accumulates alike: one dispatch serves them.</summary>
/// <param name="Rows">Which.</param>
/// <param name="Cache">The cache of one of them.</param>
/// <param name="Capacity">The most positions that one of their sequences may have.</param>
internal sealed record RowGroup(RowList Rows, KvCache Cache, int Capacity);

/// <summary>
/// The rows of a batch's steps, one for each sequence: tokens and positions are those of the sequences' step states when a step
/// begins. Owns its buffers; not thread-safe.
/// </summary>
internal sealed class BatchRows : IDisposable
{
    // Alignment of every buffer view that Vulkan may ask for, in entries of a list.
    private const int Alignment = 16;

    private readonly BufferSet _buffers;
    private readonly GpuBuffer _plan;
    private readonly GpuBuffer _resolved;
    private readonly GpuBuffer _scratch;

    public BatchRows(GpuDevice device, DecoderTransformer transformer, KernelSet kernels, IEnumerable<BatchRow> rows)
    {
        Sequences = [.. rows];
        _buffers = new BufferSet(device, "batch");
        try
        {
            Table = new SequenceTable(device, Sequences.Count, isFixed: true);
            var entries = new List<RowEntry>();
            (int, int) all = Add(entries, Enumerable.Range(0, Sequences.Count));
            (int[] Rows, (int First, int Count) List)[] groups =
            [
                .. Enumerable.Range(0, Sequences.Count).GroupBy(i => Sequences[i], SameAttention.Instance)
                    .Select(group => (group.ToArray(), group.Count() == Sequences.Count ? all : Add(entries, group))),
            ];
            _plan = _buffers.Create("plan", entries.Count * RowList.SizeInBytes(0), BufferKind.HostWritable);
            _plan.Write<RowEntry>(0, entries.ToArray());
            _resolved = _buffers.Create("rows", _plan.SizeInBytes);
            All = List(all);
            Groups = [.. groups.Select(group => new RowGroup(
                List(group.List), Sequences[group.Rows[0]].Cache, group.Rows.Max(row => Sequences[row].Cache.Capacity)))];
            for (int i = 0; i < Sequences.Count; i++)
            {
                Table.Set(i, Sequences[i].Cache.Keeps(Sequences[i].StepState));
            }

            _scratch = _buffers.Create("attention_scratch", kernels.DecodeAttention.RowsScratchBytes(
                Groups.Select(group => transformer.Shape(group.Cache.Type, group.Capacity, 0)), Sequences.Count));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The sequences, one for each row.</summary>
    public IReadOnlyList<BatchRow> Sequences { get; }

    /// <summary>What they keep.</summary>
    public SequenceTable Table { get; }

    /// <summary>All rows, in their order.</summary>
    public RowList All { get; }

    /// <summary>The same, apart where their attention is of another kind.</summary>
    public IReadOnlyList<RowGroup> Groups { get; }

    /// <summary>Partial sums of split-KV attention, and counters that are zero between steps.</summary>
    public BufferView Scratch => _scratch;

    public void RecordClear(CommandList commands) => commands.Fill(_scratch, 0);

    /// <summary>Takes over the sequences' tokens and positions; before anything reads the rows.</summary>
    public void RecordResolve(CommandList commands, KernelSet kernels) => kernels.ResolveRows.Record(commands, _plan, Table, _resolved);

    public void Dispose()
    {
        Table?.Dispose();
        _buffers.Dispose();
    }

    private static (int First, int Count) Add(List<RowEntry> entries, IEnumerable<int> rows)
    {
        int first = entries.Count;
        entries.AddRange(RowList.WithHead([.. rows.Select(row => new RowEntry((uint)row, 0, (uint)row, RowEntry.OfStepState))]));
        int count = entries.Count - first - 1;
        while (entries.Count % Alignment != 0)
        {
            entries.Add(default);
        }

        return (first, count);
    }

    private RowList List((int First, int Count) list) =>
        new(_resolved.View(list.First * RowList.SizeInBytes(0), RowList.SizeInBytes(list.Count)), list.Count);

    private sealed class SameAttention : IEqualityComparer<BatchRow>
    {
        public static SameAttention Instance { get; } = new();

        public bool Equals(BatchRow x, BatchRow y) =>
            x.Cache.Type == y.Cache.Type && x.Cache.Softmax.Layers.SequenceEqual(y.Cache.Softmax.Layers);

        public int GetHashCode(BatchRow row) => HashCode.Combine(row.Cache.Type, row.Cache.Softmax.Layers[0]);
    }
}

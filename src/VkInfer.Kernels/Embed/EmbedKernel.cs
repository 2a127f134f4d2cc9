using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct EmbedPush(uint KPadded, uint FirstId, uint IdStep, uint FirstRow, uint Rows, float Scale);

/// <summary>Token ids to rows of the embedding table (shaders/embed/embed.comp). Thread-safe.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class EmbedKernel
{
    internal const int WorkgroupSize = 64;

    private readonly KernelContext _context;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public EmbedKernel(KernelContext context) => _context = context;

    /// <summary>Records hidden[i] = table[ids[firstId + i]] · scale.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="table">[VocabSize, HiddenSize].</param>
    /// <param name="tokenIds">uint32 ids, each below the table's rows: the caller's duty.</param>
    /// <param name="firstId">Index of the first id in <paramref name="tokenIds"/>.</param>
    /// <param name="hidden">Float32 [seqLen, KPadded], written whole.</param>
    /// <param name="seqLen">Number of tokens.</param>
    /// <param name="scale">Factor of every element.</param>
    public void Record(
        CommandList commands, WeightMatrix table, BufferView tokenIds, int firstId, BufferView hidden, int seqLen, float scale = 1) =>
        Record(commands, table, tokenIds, firstId, 1, hidden, seqLen, scale);

    /// <summary>Records the same for the tokens of a list, whose rows are those of the activations in their order.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="table">[VocabSize, HiddenSize].</param>
    /// <param name="rows">Every row of the list is read, also those beyond its number: they must hold ids, or zero.</param>
    /// <param name="hidden">Float32 [rows, KPadded], written whole.</param>
    /// <param name="scale">Factor of every element.</param>
    public void RecordRows(CommandList commands, WeightMatrix table, RowList rows, BufferView hidden, float scale = 1)
    {
        rows.Check();
        Record(commands, table, rows.Entries, RowList.TokenIndex(0), RowList.EntryWords, hidden, rows.Most, scale);
    }

    private void Record(
        CommandList commands, WeightMatrix table, BufferView tokenIds, int firstId, int idStep, BufferView hidden, int seqLen, float scale)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(table);
        ComputePipeline pipeline = _context.GetPipeline(
            $"embed_{WeightFormat.Of(table.Type).Name}", SpecializationConstants.From((0, WorkgroupSize)));
        foreach ((int row, WeightMatrix part) in RowSlices.Of(table, _context))
        {
            var push = new EmbedPush((uint)table.KPadded, (uint)firstId, (uint)idStep, (uint)row, (uint)part.Rows, scale);
            if (commands.IsProfiled)
            {
                long rowBytes = WeightLayout.QuantBytes(table.Type, 1, table.Columns)
                    + WeightLayout.ScaleBytes(table.Type, 1, table.Columns);
                commands.Describe(new DispatchWork($"{seqLen} x {table.Columns}", seqLen * (rowBytes + (table.KPadded * sizeof(float)))));
            }

            commands.Dispatch(pipeline, ((uint)seqLen, 1, 1), push, [part.Quants, part.Scales, tokenIds, hidden]);
        }
    }
}

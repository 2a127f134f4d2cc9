using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// One row of a step, or a tile of them; mirrors Row in <c>include/rows.glsl</c>. Rows of one sequence may be many in a step, in any
/// order: keys and values of all of them are stored before any attends.
/// </summary>
/// <param name="Row">Its row of the activations; of a tile the first.</param>
/// <param name="Position">Its position in its sequence, likewise.</param>
/// <param name="Sequence">Its sequence's place in the <see cref="SequenceTable"/>.</param>
/// <param name="Value">
/// Its token, or <see cref="OfStepState"/>; of a tile the number of its rows, which follow one another, and where queries see later keys,
/// in the upper 16 bits the number of rows behind it.
/// </param>
[StructLayout(LayoutKind.Sequential)]
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct RowEntry(uint Row, uint Position, uint Sequence, uint Value)
{
    /// <summary>
    /// In the place of a token: token and position are those of the sequence's <see cref="StepState"/> when the step begins
    /// (<see cref="ResolveRowsKernel"/>). No token id is as large.
    /// </summary>
    public const uint OfStepState = uint.MaxValue;

    /// <summary>The same for the token alone; the position stands here.</summary>
    public const uint TokenOfStepState = uint.MaxValue - 1;
}

/// <summary>A list of rows on the device, as recorded commands take it.</summary>
/// <param name="Entries">A head of 16 bytes, whose first word is the number of rows, and the rows: <see cref="RowEntry"/>.</param>
/// <param name="Most">Rows that a recording serves: what the list has room for.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct RowList(BufferView Entries, int Most)
{
    /// <summary>Bytes of a list for so many rows.</summary>
    /// <param name="rows">Rows.</param>
    public static long SizeInBytes(int rows) => (rows + 1L) * Marshal.SizeOf<RowEntry>();

    /// <summary>A list's contents: its head, then the rows.</summary>
    /// <param name="rows">The rows.</param>
    public static RowEntry[] WithHead(ReadOnlySpan<RowEntry> rows) => [new RowEntry((uint)rows.Length, 0, 0, 0), .. rows];

    /// <summary>Cuts consecutive rows of one sequence into tiles.</summary>
    /// <param name="run">The first row, its position and sequence, and the number of rows.</param>
    /// <param name="tileRows">Rows of a tile, at most.</param>
    /// <param name="seesLater">Whether queries see keys of the rows behind a tile, too.</param>
    public static IEnumerable<RowEntry> Tiles(RowEntry run, int tileRows, bool seesLater = false)
    {
        for (uint first = 0; first < run.Value; first += (uint)tileRows)
        {
            uint rows = Math.Min((uint)tileRows, run.Value - first);
            uint behind = seesLater ? run.Value - first - rows : 0;
            yield return new RowEntry(run.Row + first, run.Position + first, run.Sequence, rows | (behind << 16));
        }
    }

    /// <summary>Most rows of a run whose queries see later keys.</summary>
    public const int MostSeen = 1 << 16;

    /// <summary>Where row <paramref name="index"/>'s token stands, in words from the list's beginning.</summary>
    internal static int TokenIndex(int index) => ((index + 1) * EntryWords) + EntryWords - 1;

    /// <summary>Words of an entry.</summary>
    internal const int EntryWords = 4;

    internal void Check() => Views.RequireBytes("the list of rows", Entries, SizeInBytes(Most));
}

/// <summary>What the kernels of a step reach of one sequence.</summary>
/// <param name="Blocks">Its block tables, one after another for each group of layers: addresses of pages.</param>
/// <param name="BlockStride">Entries of one of them.</param>
/// <param name="Capacity">Positions that it may have; nothing is stored from there on.</param>
/// <param name="SoftmaxStats">Counters of <see cref="Kernels.SoftmaxStats.SizeInBytes"/>, added to.</param>
/// <param name="StepState">Its <see cref="Kernels.StepState"/>, for rows of <see cref="RowEntry.OfStepState"/>; null: it has none.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct SequenceKeeps(
    BufferView Blocks, int BlockStride, int Capacity, BufferView SoftmaxStats, BufferView? StepState = null)
{
    internal SequenceEntry ToEntry() => new(
        Blocks.DeviceAddress, SoftmaxStats.DeviceAddress, StepState?.DeviceAddress ?? 0, (uint)BlockStride, (uint)Capacity);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 1);
        if (BlockStride < KvLayout.PageCount(Capacity))
        {
            throw new ArgumentException(
                $"a sequence of up to {Capacity} positions: its block tables have {BlockStride} entries; "
                + $"expected {KvLayout.PageCount(Capacity)}");
        }

        Views.RequireBytes("block tables", Blocks, (long)BlockStride * KvLayout.BlockBytes);
        Views.RequireBytes("softmax counters", SoftmaxStats, Kernels.SoftmaxStats.SizeInBytes);
        if (StepState is { } state)
        {
            Views.RequireBytes("step state", state, Kernels.StepState.SizeInBytes);
        }
    }
}

/// <summary>An entry of the table of sequences; mirrors Sequence in <c>include/rows.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SequenceEntry(ulong Blocks, ulong SoftmaxStats, ulong StepState, uint BlockStride, uint Capacity);

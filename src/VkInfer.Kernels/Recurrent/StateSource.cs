using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Where one layer's part of a sequence's recurrent state lies.</summary>
/// <param name="Group">Which of a sequence's block tables has the state's address, as its first entry.</param>
/// <param name="Offset">The first byte of the part; a multiple of 4.</param>
/// <param name="Order">
/// Stands for the layer's parts of all states where work is ordered, since states are known to the device alone.
/// </param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct StateLayer(int Group, long Offset, BufferView Order)
{
    /// <summary>What stands so many floats behind it.</summary>
    /// <param name="floats">How many.</param>
    public StateLayer Behind(long floats) => this with { Offset = Offset + (floats * sizeof(float)) };

    /// <summary>The first float as shaders take it.</summary>
    internal uint At => checked((uint)(Offset / sizeof(float)));
}

/// <summary>Whose states rows go through: those of the runs of a step, or that of the one row of a decode step.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class StateSource
{
    private readonly BufferView? _list;
    private readonly BufferView? _blocks;
    private readonly SequenceTable? _sequences;

    private StateSource(RowList? runs, SequenceTable? sequences, BufferView? blocks)
    {
        (_list, _sequences, _blocks) = (runs?.Entries, sequences, blocks);
        Count = runs?.Most ?? 1;
    }

    /// <summary>Runs, at most.</summary>
    internal int Count { get; }

    /// <summary>Whether it is one row.</summary>
    internal bool IsOneRow => _blocks.HasValue;

    /// <summary>Runs of consecutive rows, one for each sequence of a step.</summary>
    /// <param name="runs">The first row of each, and in the place of the token the number of rows.</param>
    /// <param name="sequences">Their sequences.</param>
    public static StateSource OfRuns(RowList runs, SequenceTable sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        runs.Check();
        return new StateSource(runs, sequences, null);
    }

    /// <summary>One row.</summary>
    /// <param name="blocks">The block table that has its sequence's state.</param>
    public static StateSource OfRow(BufferView blocks)
    {
        Views.RequireBytes(nameof(blocks), blocks, KvLayout.BlockBytes);
        return new StateSource(null, null, blocks);
    }

    /// <summary>Bindings of a list, a table of sequences and a block table.</summary>
    /// <param name="unused">Any buffer, for those that the shader does not read.</param>
    internal BufferView[] Bindings(BufferView unused) => [_list ?? unused, _sequences?.Entries ?? unused, _blocks ?? unused];

    /// <summary>What a dispatch reaches beside its bindings.</summary>
    internal AddressedView[] Addressed(StateLayer layer) =>
        [new AddressedView(layer.Order, BindingAccess.ReadWrite), .. _sequences?.Addressed ?? []];
}

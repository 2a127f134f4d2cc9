using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// What commands that choose tokens are recorded for: a table, and the memory that its choices may name. Replayed with other choices,
/// they serve up to <see cref="Rows"/> of them.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ChoiceSteps
{
    private readonly List<BufferView> _logits = [];
    private readonly List<BufferView> _states = [];
    private readonly List<BufferView> _rings = [];
    private readonly List<BufferView> _counted = [];
    private readonly List<BufferView> _constraints = [];
    private readonly List<BufferView> _adjusted = [];
    private readonly List<BufferView> _entries = [];

    /// <summary>Describes steps.</summary>
    /// <param name="table">Names the choices.</param>
    /// <param name="rows">Most choices that a replay serves; 1 to the table's capacity.</param>
    /// <param name="vocabSize">Width of all rows; 1 to <see cref="SampleKernel.MaxVocabSize"/>.</param>
    /// <param name="scratch">
    /// <see cref="SamplerScratch"/> for the table's capacity, zero before the first use; recordings for tables of one capacity may share
    /// it.
    /// </param>
    public ChoiceSteps(ChoiceTable table, int rows, int vocabSize, BufferView scratch)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, table.Capacity);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabSize, SampleKernel.MaxVocabSize);
        Views.RequireBytes(nameof(scratch), scratch, SamplerScratch.Bytes(vocabSize, table.Capacity));
        (Table, Rows, VocabSize, Scratch) = (table, rows, vocabSize, scratch);
    }

    /// <summary>Names the choices.</summary>
    public ChoiceTable Table { get; }

    /// <summary>Most choices that a replay serves.</summary>
    public int Rows { get; }

    /// <summary>Width of all rows.</summary>
    public int VocabSize { get; }

    internal BufferView Scratch { get; }

    internal IReadOnlyList<BufferView> Logits => _logits;

    internal IReadOnlyList<BufferView> States => _states;

    internal IReadOnlyList<BufferView> Rings => _rings;

    internal IReadOnlyList<BufferView> Counted => _counted;

    internal IReadOnlyList<BufferView> Constraints => _constraints;

    internal IReadOnlyList<BufferView> Adjusted => _adjusted;

    internal IReadOnlyList<BufferView> Entries => _entries;

    /// <summary>
    /// Says what memory choices name. Who replays the commands for changing choices names what all of them lie in; memory that is not named
    /// must live until the steps that use it have ended.
    /// </summary>
    public void MayUse(in Choice memory)
    {
        Add(_logits, memory.Logits);
        Add(_states, memory.StepState);
        Add(_rings, memory.Ring);
        Add(_counted, memory.Counts);
        Add(_counted, memory.History);
        Add(_constraints, memory.Biases);
        Add(_constraints, memory.Mask);
        Add(_adjusted, memory.Adjusted);
        Add(_entries, memory.Entries);
    }

    /// <summary>Records a dispatch over the list of a feature.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="pipeline">What runs.</param>
    /// <param name="feature">Whose list.</param>
    /// <param name="groups">Workgroups of each choice.</param>
    /// <param name="bindings">From binding 1 on.</param>
    /// <param name="reads">What else it reads.</param>
    /// <param name="writes">What else it reads and writes.</param>
    /// <param name="row">The first choice of the list.</param>
    /// <param name="rows">How many; null: all.</param>
    internal void Dispatch(
        CommandList commands, ComputePipeline pipeline, ChoiceFeatures feature, int groups, ReadOnlySpan<BufferView> bindings,
        ReadOnlySpan<IReadOnlyList<BufferView>> reads, ReadOnlySpan<IReadOnlyList<BufferView>> writes, int row = 0, int? rows = null)
    {
        int list = ChoiceTable.IndexOf(feature);
        var addressed = new List<AddressedView>();
        foreach (IReadOnlyList<BufferView> views in reads)
        {
            addressed.AddRange(views.Select(static view => new AddressedView(view, BindingAccess.Read)));
        }

        foreach (IReadOnlyList<BufferView> views in writes)
        {
            addressed.AddRange(views.Select(static view => new AddressedView(view, BindingAccess.ReadWrite)));
        }

        commands.Dispatch(
            pipeline, ((uint)groups, (uint)(rows ?? Rows), 1),
            new SamplePush((uint)VocabSize, (uint)list, (uint)(list * Table.Capacity), (uint)row), [Table.View, .. bindings],
            [.. addressed]);
    }

    private static void Add(List<BufferView> views, in BufferView view)
    {
        if (view.Buffer is not null && !views.Contains(view))
        {
            views.Add(view);
        }
    }
}

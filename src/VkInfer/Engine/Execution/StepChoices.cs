using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// The commands that choose the tokens of a step, for whichever slots take part in it: recorded for buckets of rows and what their choices
/// ask for, then replayed over a table that each step writes. Not thread-safe; allocates nothing per step once it has recorded.
/// </summary>
internal sealed class StepChoices : IDisposable
{
    private readonly GpuDevice _device;
    private readonly ChoiceCommands _kernels;
    private readonly SamplerSlots _slots;
    private readonly int _vocabSize;
    private readonly int _maxRows;
    private readonly BufferSet _buffers;
    private readonly ChoiceTable[] _tables;
    private readonly GpuBuffer _scratch;
    private readonly GpuBuffer _order;
    private readonly Dictionary<Key, CommandList> _recorded = [];
    private GpuBuffer? _slices;
    private int _recordedBlocks;
    private int _turn;
    private int _rows;

    /// <param name="device">Where to run.</param>
    /// <param name="kernels">Choose.</param>
    /// <param name="slots">Whose choices; not owned.</param>
    /// <param name="vocabSize">Width of a row.</param>
    /// <param name="maxRows">Most choices of a step.</param>
    /// <param name="underWay">Most steps that are submitted and have not ended.</param>
    public StepChoices(
        GpuDevice device, KernelSet kernels, SamplerSlots slots, int vocabSize, int maxRows, int underWay)
    {
        _device = device;
        _kernels = new ChoiceCommands(kernels);
        _slots = slots;
        _vocabSize = vocabSize;
        _maxRows = RowBuckets.Of(maxRows);
        _tables = new ChoiceTable[underWay];
        _buffers = new BufferSet(device, "choices");
        try
        {
            for (int i = 0; i < underWay; i++)
            {
                _tables[i] = new ChoiceTable(device, _maxRows, BufferKind.HostWritable);
            }

            _scratch = _buffers.Create("scratch", SamplerScratch.Bytes(vocabSize, _maxRows));
            _order = _buffers.Create("order", 4 * sizeof(uint));
            device.Upload(_scratch, 0, new byte[SamplerScratch.ClearedBytes(_maxRows)]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Most choices of a step.</summary>
    public int MaxRows => _maxRows;

    /// <summary>Begins a step, after the last but so many as may be under way has ended.</summary>
    public void Begin()
    {
        _turn = (_turn + 1) % _tables.Length;
        _tables[_turn].Clear();
        _rows = 0;
    }

    /// <summary>Adds a choice to the step.</summary>
    /// <param name="slot">Whose.</param>
    /// <param name="logits">Float32 [vocabSize], made by what is submitted before.</param>
    public void Add(SamplerSlot slot, BufferView logits)
    {
        _tables[_turn].Add(slot.For(logits), slot.Features);
        _rows++;
    }

    /// <summary>
    /// The commands of the step that was begun last, to be submitted behind those that make its logits; null: nobody chooses.
    /// </summary>
    public CommandList? Commands()
    {
        if (_rows == 0)
        {
            return null;
        }

        ChoiceTable table = _tables[_turn];
        table.Write();
        if (_recordedBlocks != _slots.States.Count)
        {
            // Lists under way live until they have run.
            DisposeRecorded();
            _recordedBlocks = _slots.States.Count;
        }

        var key = new Key(table.Features, RowBuckets.Of(_rows), _turn);
        if (!_recorded.TryGetValue(key, out CommandList? commands))
        {
            commands = Record(key, table);
            _recorded.Add(key, commands);
        }

        return commands;
    }

    public void Dispose()
    {
        DisposeRecorded();
        Array.ForEach(_tables, table => table?.Dispose());
        _buffers.Dispose();
    }

    private CommandList Record(Key key, ChoiceTable table)
    {
        if (key.Features.HasFlag(ChoiceFeatures.LogProbabilities))
        {
            _slices ??= _buffers.Create("slices", LogProbabilitiesKernel.SlicesBytes(_vocabSize, _maxRows));
        }

        var steps = new ChoiceSteps(table, key.Rows, _vocabSize, _scratch);

        // What slots have besides lives as long as they do; one view stands for all of it, so that dispatches wait for each other.
        steps.MayUse(new Choice { Counts = _order, Biases = _order, Adjusted = _order, Entries = _order });
        for (int i = 0; i < _slots.States.Count; i++)
        {
            steps.MayUse(new Choice { StepState = _slots.States[i], Ring = _slots.Rings[i] });
        }

        return _device.Record(
            "step.choices", list => _kernels.Record(list, steps, key.Features, _slices is null ? null : _slices.Whole));
    }

    private void DisposeRecorded()
    {
        foreach (CommandList commands in _recorded.Values)
        {
            commands.Dispose();
        }

        _recorded.Clear();
    }

    private readonly record struct Key(ChoiceFeatures Features, int Rows, int Turn);
}

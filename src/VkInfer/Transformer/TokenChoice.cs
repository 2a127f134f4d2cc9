using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The commands that choose a token from each of some rows of logits, each as its slot says: one chain of dispatches for all of them,
/// recorded once for each combination of features that is asked for, then replayed. What a combination does not need is neither made nor
/// recorded. Not thread-safe.
/// </summary>
internal sealed class TokenChoice : IDisposable
{
    private readonly GpuDevice _device;
    private readonly ChoiceCommands _kernels;
    private readonly (SamplerSlot Slot, BufferView Logits)[] _rows;
    private readonly int[] _versions;
    private readonly int _vocabSize;
    private readonly BufferSet _buffers;
    private readonly ChoiceTable _table;
    private readonly GpuBuffer _scratch;
    private readonly Dictionary<ChoiceFeatures, Recording> _recorded = [];
    private GpuBuffer? _slices;
    private CommandList? _prepared;

    /// <param name="device">Where to run.</param>
    /// <param name="kernels">Choose.</param>
    /// <param name="vocabSize">Width of a row.</param>
    /// <param name="rows">The slots, and float32 [vocabSize] each chooses from; not owned.</param>
    public TokenChoice(GpuDevice device, KernelSet kernels, int vocabSize, IEnumerable<(SamplerSlot Slot, BufferView Logits)> rows)
    {
        _device = device;
        _kernels = new ChoiceCommands(kernels);
        _vocabSize = vocabSize;
        _rows = [.. rows];
        _versions = new int[_rows.Length];
        _buffers = new BufferSet(device, "choice");
        try
        {
            _table = new ChoiceTable(device, _rows.Length, BufferKind.DeviceLocal);
            _scratch = _buffers.Create("scratch", SamplerScratch.Bytes(vocabSize, _rows.Length));
            device.Upload(_scratch, 0, new byte[SamplerScratch.ClearedBytes(_rows.Length)]);
        }
        catch
        {
            _table?.Dispose();
            _buffers.Dispose();
            throw;
        }
    }

    /// <summary>Whether slots have changed since <see cref="Prepare"/>.</summary>
    public bool IsOutdated
    {
        get
        {
            if (_prepared is null)
            {
                return true;
            }

            for (int i = 0; i < _rows.Length; i++)
            {
                if (_rows[i].Slot.Version != _versions[i])
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The commands for what the slots ask for now. Where that has changed, no step may be under way.</summary>
    /// <returns>Owned by this object.</returns>
    public CommandList Prepare()
    {
        if (!IsOutdated)
        {
            return _prepared!;
        }

        _prepared = null;
        _table.Clear();
        foreach ((SamplerSlot slot, BufferView logits) in _rows)
        {
            _table.Add(slot.For(logits), slot.Features);
        }

        _table.Write();
        _prepared = Recorded(_table.Features);
        for (int i = 0; i < _rows.Length; i++)
        {
            _versions[i] = _rows[i].Slot.Version;
        }

        return _prepared;
    }

    public void Dispose()
    {
        foreach (Recording recording in _recorded.Values)
        {
            recording.Commands.Dispose();
        }

        _table.Dispose();
        _buffers.Dispose();
    }

    private CommandList Recorded(ChoiceFeatures features)
    {
        Choice[] choices = [.. _rows.Select(row => row.Slot.For(row.Logits))];
        if (_recorded.TryGetValue(features, out Recording? recording) && recording.Choices.AsSpan().SequenceEqual(choices))
        {
            return recording.Commands;
        }

        // A list that could not be recorded is empty, and is recorded anew the next time.
        CommandList commands = recording?.Commands
            ?? _device.CreateCommandList(features.HasFlag(ChoiceFeatures.Drawn) ? "choice.drawn" : "choice.greedy");
        _recorded[features] = new Recording(commands, []);
        if (features.HasFlag(ChoiceFeatures.LogProbabilities))
        {
            _slices ??= _buffers.Create("slices", LogProbabilitiesKernel.SlicesBytes(_vocabSize, _rows.Length));
        }

        var steps = new ChoiceSteps(_table, _rows.Length, _vocabSize, _scratch);
        Array.ForEach(choices, choice => steps.MayUse(choice));
        commands.Record(list => _kernels.Record(list, steps, features, _slices is null ? null : _slices.Whole));
        _recorded[features] = new Recording(commands, choices);
        return commands;
    }

    private sealed record Recording(CommandList Commands, Choice[] Choices);
}

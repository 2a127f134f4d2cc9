using VkInfer.Engine.Scheduling;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>A step from its submission to its end; used again. Not thread-safe.</summary>
/// <param name="rows">The rows that its pass takes; owned.</param>
internal sealed class StepUnderWay(PassRows rows) : IDisposable
{
    private readonly CommandList[] _lists = new CommandList[2];

    /// <summary>The rows that its pass takes, if it takes a table of them.</summary>
    public PassRows Rows { get; } = rows;

    /// <summary>Which of the steps that may be under way it is.</summary>
    public int Turn { get; private set; }

    /// <summary>For each entry of the plan its slot.</summary>
    public List<SequenceSlot> Slots { get; } = [];

    /// <summary>For each entry of the plan the logits of its last row; null: the step makes none.</summary>
    public List<BufferView?> Logits { get; } = [];

    /// <summary>For each entry of the plan its first row in the pass; -1: it has none there.</summary>
    public List<int> FirstRows { get; } = [];

    /// <summary>For each entry of the plan who chooses; a slot that is null: nobody.</summary>
    public List<Chooser> Choosers { get; } = [];

    /// <summary>The guesses that are verified, those of each chooser together.</summary>
    public List<Guess> Guesses { get; } = [];

    /// <summary>Keys that its rows see, all together.</summary>
    public double KeysSeen { get; set; }

    /// <summary>Its last submission.</summary>
    public Submission Last { get; set; }

    /// <summary>When it was submitted.</summary>
    public long Submitted { get; set; }

    /// <summary>Whether its pass was submitted in slices.</summary>
    public bool IsSliced { get; set; }

    /// <summary>The commands of its pass, where they are replayed; not owned.</summary>
    public CommandList? Pass { get; set; }

    /// <summary>Whether its dispatches wait for each other by counters.</summary>
    public bool IsChained { get; set; }

    /// <summary>Whether they are submitted.</summary>
    public bool IsFlushed { get; set; }

    /// <summary>The token at a position that rows take: known, guessed, or what only the device knows.</summary>
    public static uint TokenOf(in StepRows rows, int position)
    {
        ReadOnlySpan<int> known = rows.Sequence.Tokens;
        return position < known.Length ? (uint)known[position]
            : rows.Drafts > 0 ? (uint)rows.Sequence.Drafts[position - known.Length]
            : RowEntry.TokenOfStepState;
    }

    /// <summary>Begins anew.</summary>
    public void Clear(int turn)
    {
        Turn = turn;
        Slots.Clear();
        Logits.Clear();
        FirstRows.Clear();
        Choosers.Clear();
        Guesses.Clear();
        (IsSliced, IsChained, IsFlushed, Pass, KeysSeen) = (false, false, false, null, 0);
    }

    /// <summary>Adds an entry of the plan.</summary>
    public void Add(SequenceSlot slot)
    {
        Slots.Add(slot);
        Logits.Add(null);
        FirstRows.Add(-1);
    }

    /// <summary>Submits its pass by itself, unless that is done.</summary>
    public void Flush(GpuDevice device)
    {
        if (Pass is { } pass && !IsFlushed)
        {
            Last = device.Submit(pass);
            IsFlushed = true;
        }
    }

    /// <summary>Submits commands behind its pass; with it, unless that is done.</summary>
    /// <param name="device">Where.</param>
    /// <param name="choices">The commands; null: there are none.</param>
    public void Submit(GpuDevice device, CommandList? choices)
    {
        if (choices is null)
        {
            Flush(device);
        }
        else if (Pass is null || IsFlushed)
        {
            Last = device.Submit(choices);
        }
        else
        {
            (_lists[0], _lists[1]) = (Pass, choices);
            Last = device.Submit(_lists);
        }
    }

    public void Dispose() => Rows.Dispose();

    /// <summary>Who reads a result of the step.</summary>
    /// <param name="Slot">Whose.</param>
    /// <param name="Choice">Where it stands in the slot's ring.</param>
    /// <param name="Generation">Of the slot's sampler; another one means that nobody wants the result.</param>
    /// <param name="FirstGuess">Where its guesses begin.</param>
    /// <param name="GuessCount">How many there are.</param>
    public readonly record struct Chooser(SequenceSlot? Slot, int Choice, int Generation, int FirstGuess, int GuessCount);

    /// <summary>A guess that is verified.</summary>
    /// <param name="Token">Where it is chosen, what <paramref name="Sampler"/> chose counts.</param>
    /// <param name="Sampler">Chooses at the row behind it.</param>
    public readonly record struct Guess(int Token, SamplerSlot Sampler);
}

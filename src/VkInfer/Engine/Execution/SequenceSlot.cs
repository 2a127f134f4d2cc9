using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// What the device keeps of a sequence besides its pages: block tables, counters, how its tokens are chosen, and logits that wait for a
/// choice. A place in the table of sequences that one sequence has at a time. Not thread-safe.
/// </summary>
internal sealed class SequenceSlot : IDisposable
{
    private readonly GpuDevice _device;
    private readonly int _vocabSize;
    private readonly int[] _named;
    private int _namedState = StatePool.None;
    private int _edits; // of the sequence, when the sampler was last told where it stands

    /// <param name="device">Where.</param>
    /// <param name="index">Its place in the table of sequences.</param>
    /// <param name="cache">Its block tables; owned.</param>
    /// <param name="sampler">How tokens are chosen; of the slot for good.</param>
    /// <param name="guesses">Choose behind guesses.</param>
    /// <param name="vocabSize">Width of a row of logits.</param>
    public SequenceSlot(GpuDevice device, int index, KvCache cache, SamplerSlot sampler, GuessSamplers guesses, int vocabSize)
    {
        _device = device;
        _vocabSize = vocabSize;
        (Index, Cache, Sampler, Guesses) = (index, cache, sampler, guesses);
        _named = new int[cache.Groups];
    }

    /// <summary>Its place in the table of sequences.</summary>
    public int Index { get; }

    /// <summary>Names the pages, and counts what the softmax does.</summary>
    public KvCache Cache { get; }

    /// <summary>Chooses tokens.</summary>
    public SamplerSlot Sampler { get; }

    /// <summary>Choose behind guesses.</summary>
    public GuessSamplers Guesses { get; }

    /// <summary>Whose it is; null: nobody's.</summary>
    public Sequence? Sequence { get; set; }

    /// <summary>By what the sampler was set; null: its state is no longer that of the sequence.</summary>
    public TokenSelection? Selection { get; private set; }

    /// <summary>Rises when the sampler is set anew: results of steps before are nobody's.</summary>
    public int Generation { get; private set; }

    /// <summary>Choices that were submitted with the seed: where the next one stands in the ring.</summary>
    public int Choices { get; private set; }

    /// <summary>The last step that uses it, of those submitted.</summary>
    public long LastStep { get; set; } = -1;

    /// <summary>Commands of a step of this sequence alone; null: none are recorded.</summary>
    public CommandList? Alone { get; set; }

    /// <summary>Whether <see cref="Cache"/>'s counters are to be zeroed before the next step.</summary>
    public bool MustClear { get; set; } = true;

    /// <summary>Logits of its last row that are kept: float32 [VocabSize].</summary>
    public BufferView Kept => Activations.Row(
        _kept ??= _device.CreateBuffer(
            Activations.SizeInBytes(ActivationType.F32, 1, _vocabSize), BufferKind.DeviceLocal, "sequence.logits"),
        ActivationType.F32, 0, _vocabSize);

    private GpuBuffer? _kept;

    /// <summary>Whether steps under way read entries of the tables that have changed since.</summary>
    public bool RenamesPages(Sequence sequence)
    {
        if (_namedState != StatePool.None && _namedState != sequence.RecurrentState)
        {
            return true;
        }

        for (int group = 0; group < _named.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            if (Math.Max(table.FirstChanged, table.FirstHeld) < Math.Min(_named[group], table.Pages.Count))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes over the sequence's tables.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for a page.</exception>
    public void NamePages(Sequence sequence, DevicePages pages, DeviceStates states)
    {
        if (sequence.RecurrentState != _namedState)
        {
            Cache.NameState(states.Address(sequence.RecurrentState));
            _namedState = sequence.RecurrentState;
        }

        for (int group = 0; group < _named.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            for (int i = Math.Max(table.FirstChanged, table.FirstHeld); i < table.Pages.Count; i++)
            {
                Cache.Name(group, i, pages.Address(table.Pages[i]));
            }

            table.TakeChanges();
            _named[group] = Math.Max(_named[group], table.Pages.Count);
        }
    }

    /// <summary>Sets the sampler; no step of the sequence may be under way, and all its tokens are known.</summary>
    public void Select(Sequence sequence, TokenSelection selection)
    {
        int drawn = selection.Drawn + sequence.Tokens.Length - sequence.SelectedAt;
        Sampler.Reset(sequence.Tokens, selection.Sampling, selection.Mask is not null, selection.Seed, drawn);
        (Selection, Choices, _edits) = (selection, drawn, sequence.Edits);
        Generation++;
    }

    /// <summary>Whether the sampler stands behind the sequence's latest token, its own choice or one that it was told.</summary>
    public bool StandsBehind(Sequence sequence) => sequence.Drawn == Choices && sequence.Edits == _edits;

    /// <summary>
    /// Has the sampler stand behind all of the sequence's tokens again, when more came than it chose itself; no step of the sequence may be
    /// under way.
    /// </summary>
    public void CatchUp(Sequence sequence, int drawn)
    {
        Sampler.GoOn(sequence.Tokens.Length - 1, sequence.Tokens[^1], drawn);
        (Choices, _edits) = (drawn, sequence.Edits);
    }

    /// <summary>Sets token and position for a row that chooses nothing; no step of the sequence may be under way.</summary>
    public void Place(int position, int token)
    {
        Deselect();
        Sampler.Place(position, token);
    }

    /// <summary>Says that a choice is submitted.</summary>
    /// <returns>Where it stands in the ring.</returns>
    public int AddChoice() => Choices++;

    /// <summary>The sampler's state is no longer the sequence's.</summary>
    public void Deselect()
    {
        Selection = null;
        Generation++;
    }

    /// <summary>Gives the slot to another sequence; no step may be using it.</summary>
    public void GiveTo(Sequence? sequence)
    {
        Trim();
        if (Sequence is { } before)
        {
            before.LogitsAt = -1;
        }

        Sequence = sequence;
        MustClear = true;
        Array.Clear(_named);
        _namedState = StatePool.None;
        foreach (BlockTable table in sequence?.Tables ?? [])
        {
            table.Restart();
        }
    }

    /// <summary>Gives back what options asked for; no step may be using it.</summary>
    public void Trim()
    {
        Deselect();
        Sampler.Trim();
        Guesses.Release();
    }

    public void Dispose()
    {
        Alone?.Dispose();
        _kept?.Dispose();
        Cache.Dispose();
    }
}

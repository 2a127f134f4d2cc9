using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Gives sequences that take part in steps their slots. A sequence keeps its slot while it rests, until another needs one. Slots are made
/// when they are needed. Not thread-safe.
/// </summary>
internal sealed class SequenceSlots : IDisposable
{
    private readonly GpuDevice _device;
    private readonly KvStore _store;
    private readonly SoftmaxPlan _softmax;
    private readonly int _vocabSize;
    private readonly int _capacity;
    private readonly int _most;
    private readonly List<SequenceSlot> _slots = [];
    private readonly Dictionary<Sequence, SequenceSlot> _owners = [];

    /// <param name="device">Where.</param>
    /// <param name="store">Where pages lie.</param>
    /// <param name="softmax">How attention accumulates.</param>
    /// <param name="vocabSize">Width of a row of logits.</param>
    /// <param name="capacity">Tokens that a sequence may have.</param>
    /// <param name="most">Slots, at most: more than sequences in a step.</param>
    public SequenceSlots(GpuDevice device, KvStore store, SoftmaxPlan softmax, int vocabSize, int capacity, int most)
    {
        _device = device;
        _store = store;
        _softmax = softmax;
        _vocabSize = vocabSize;
        _capacity = capacity;
        _most = most;
        Samplers = new SamplerSlots(device, vocabSize, capacity);
        Table = new SequenceTable(device, most, isFixed: false);
    }

    /// <summary>Where kernels find what sequences keep.</summary>
    public SequenceTable Table { get; }

    /// <summary>What the slots' samplers lie in.</summary>
    public SamplerSlots Samplers { get; }

    /// <summary>The slot of a sequence; null: it has none.</summary>
    public SequenceSlot? Find(Sequence sequence) => _owners.GetValueOrDefault(sequence);

    /// <summary>The slot of a sequence that takes part in a step.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="ended">The last step that has ended: slots that later ones use are not given away.</param>
    public SequenceSlot For(Sequence sequence, long ended)
    {
        if (_owners.TryGetValue(sequence, out SequenceSlot? slot))
        {
            return slot;
        }

        slot = FindFree(ended);
        if (slot.Sequence is { } before)
        {
            _owners.Remove(before);
        }

        slot.GiveTo(sequence);
        _owners.Add(sequence, slot);
        return slot;
    }

    /// <summary>Takes the slot of a sequence back; another may get it when the steps that use it have ended.</summary>
    public void Forget(Sequence sequence)
    {
        if (_owners.Remove(sequence, out SequenceSlot? slot))
        {
            slot.Deselect();
            slot.Sequence = null;
        }
    }

    public void Dispose()
    {
        _slots.ForEach(slot => slot.Dispose());
        Samplers.Dispose();
        Table.Dispose();
    }

    private SequenceSlot FindFree(long ended)
    {
        SequenceSlot? best = null;
        foreach (SequenceSlot slot in _slots)
        {
            bool isFree = slot.LastStep <= ended && slot.Sequence?.State != SequenceState.Running;
            if (isFree && (best is null || Rank(slot) < Rank(best)))
            {
                best = slot;
            }
        }

        return best is not null && (best.Sequence is null || _slots.Count == _most) ? best
            : _slots.Count < _most ? Add()
            : throw new InvalidOperationException($"All {_most} slots are in use; expected fewer sequences in a step.");
    }

    // Nobody's first, then the one that has rested for longest.
    private static long Rank(SequenceSlot slot) => slot.Sequence is null ? -1 : slot.LastStep + 1;

    private SequenceSlot Add()
    {
        var cache = new KvCache(_device, _store, _capacity, _softmax);
        try
        {
            var slot = new SequenceSlot(_device, _slots.Count, cache, Samplers.Acquire(), new GuessSamplers(Samplers), _vocabSize);
            Table.Set(slot.Index, cache.Keeps(slot.Sampler.State));
            _slots.Add(slot);
            return slot;
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }
}

using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Gives sequences that choose tokens their slots, and takes them back when the steps that may use them have ended. What slots need always
/// lies in blocks, made when they are needed. Not thread-safe.
/// </summary>
internal sealed class SamplerSlots : IDisposable
{
    private const int BlockSlots = 64;
    private const int RingBytes = StepState.RingSize * sizeof(uint);

    private readonly GpuDevice _device;
    private readonly int _vocabSize;
    private readonly int _maxLength;
    private readonly BufferSet _buffers;
    private readonly List<GpuBuffer> _states = [];
    private readonly List<GpuBuffer> _rings = [];
    private readonly List<SamplerSlot> _slots = [];
    private readonly Stack<SamplerSlot> _free = new();
    private readonly Queue<(SamplerSlot Slot, long LastStep)> _leaving = new();

    /// <param name="device">Where.</param>
    /// <param name="vocabSize">Width of a row of logits.</param>
    /// <param name="maxLength">Tokens that a sequence may have.</param>
    public SamplerSlots(GpuDevice device, int vocabSize, int maxLength)
    {
        _device = device;
        _vocabSize = vocabSize;
        _maxLength = maxLength;
        _buffers = new BufferSet(device, "slots");
    }

    /// <summary>All slots that there are.</summary>
    public int Count => _slots.Count;

    /// <summary>Slots that nobody has.</summary>
    public int Free => _free.Count;

    /// <summary>What the states of all slots lie in; grows.</summary>
    public IReadOnlyList<GpuBuffer> States => _states;

    /// <summary>What the rings of all slots lie in; grows with <see cref="States"/>.</summary>
    public IReadOnlyList<GpuBuffer> Rings => _rings;

    /// <summary>A slot that no step uses.</summary>
    public SamplerSlot Acquire()
    {
        if (_free.Count == 0)
        {
            Grow();
        }

        return _free.Pop();
    }

    /// <summary>Takes a slot back.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="lastStep">The last step that may use it, of those that <see cref="StepEnded"/> counts.</param>
    public void Release(SamplerSlot slot, long lastStep) => _leaving.Enqueue((slot, lastStep));

    /// <summary>Says that a step has ended, and all before it.</summary>
    public void StepEnded(long step)
    {
        while (_leaving.TryPeek(out (SamplerSlot Slot, long LastStep) leaving) && leaving.LastStep <= step)
        {
            _leaving.Dequeue();
            leaving.Slot.Trim();
            _free.Push(leaving.Slot);
        }
    }

    public void Dispose()
    {
        _slots.ForEach(slot => slot.Dispose());
        _buffers.Dispose();
    }

    private void Grow()
    {
        GpuBuffer states = _buffers.Create("states", BlockSlots * StepState.SizeInBytes, BufferKind.HostWritable);
        GpuBuffer rings = _buffers.Create("rings", BlockSlots * RingBytes, BufferKind.HostReadable);
        _states.Add(states);
        _rings.Add(rings);
        for (int i = BlockSlots - 1; i >= 0; i--)
        {
            var slot = new SamplerSlot(
                _device, _vocabSize, _maxLength, states.View(i * StepState.SizeInBytes, StepState.SizeInBytes),
                rings.View(i * RingBytes, RingBytes));
            _slots.Add(slot);
            _free.Push(slot);
        }
    }
}

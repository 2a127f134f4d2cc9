using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Makes the samplers of <see cref="SequenceSlots"/>, which stay with them. What samplers need always lies in blocks, made when they are
/// needed. Not thread-safe.
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

    /// <summary>What the states of all slots lie in; grows.</summary>
    public IReadOnlyList<GpuBuffer> States => _states;

    /// <summary>What the rings of all slots lie in; grows with <see cref="States"/>.</summary>
    public IReadOnlyList<GpuBuffer> Rings => _rings;

    /// <summary>One that nobody has.</summary>
    public SamplerSlot Acquire()
    {
        if (_free.Count == 0)
        {
            Grow();
        }

        return _free.Pop();
    }

    /// <summary>Takes one back; no step may be using it.</summary>
    public void Release(SamplerSlot slot)
    {
        slot.Trim();
        _free.Push(slot);
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

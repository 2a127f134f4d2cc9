using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Log-probabilities of one session's choices, read back with the tokens. Made when first asked for. Not thread-safe.</summary>
internal sealed class LogProbabilityReader : IDisposable
{
    private readonly KernelSet _kernels;
    private readonly BufferSet _buffers;
    private readonly GpuBuffer _slices;
    private readonly GpuBuffer _entries;
    private readonly uint[] _entry = new uint[LogProbabilitiesKernel.EntryWords];
    private readonly int _vocabSize;

    public LogProbabilityReader(GpuDevice device, KernelSet kernels, int vocabSize)
    {
        _kernels = kernels;
        _vocabSize = vocabSize;
        _buffers = new BufferSet(device, "log_probabilities");
        try
        {
            _slices = _buffers.Create("slices", LogProbabilitiesKernel.SlicesBytes(vocabSize));
            _entries = _buffers.Create(
                "entries", StepState.RingSize * LogProbabilitiesKernel.EntryWords * sizeof(uint), BufferKind.HostReadable);
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    public void Record(CommandList commands, BufferView logits, BufferView stepState) =>
        _kernels.LogProbabilities.Record(commands, logits, _vocabSize, stepState, _slices, _entries);

    /// <summary>What a finished step left.</summary>
    /// <param name="step">Index of the step.</param>
    /// <param name="token">The token it chose.</param>
    /// <param name="alternatives">How many alternatives were asked for.</param>
    public TokenLogProbabilities Read(int step, int token, int alternatives)
    {
        _entries.Read(step % StepState.RingSize * LogProbabilitiesKernel.EntryWords * sizeof(uint), _entry.AsSpan());
        var top = new List<TokenLogProbability>(alternatives);
        for (int rank = 0; rank < alternatives && _entry[1 + rank] != LogProbabilitiesKernel.NoToken; rank++)
        {
            float value = BitConverter.UInt32BitsToSingle(_entry[1 + LogProbabilitiesKernel.MaxAlternatives + rank]);
            top.Add(new TokenLogProbability((int)_entry[1 + rank], value));
        }

        return new TokenLogProbabilities(new TokenLogProbability(token, BitConverter.UInt32BitsToSingle(_entry[0])), top);
    }

    public void Dispose() => _buffers.Dispose();
}

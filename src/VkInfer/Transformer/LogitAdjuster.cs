using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// What penalties, biases and masks need of the device, for one session: counts of tokens seen, biases, the mask and the adjusted
/// logits. Made when a generation first asks for it. Not thread-safe.
/// </summary>
internal sealed class LogitAdjuster : IDisposable
{
    private readonly GpuDevice _device;
    private readonly KernelSet _kernels;
    private readonly BufferSet _buffers;
    private readonly GpuBuffer _counts;
    private readonly GpuBuffer _history;
    private readonly GpuBuffer _biases;
    private readonly GpuBuffer _mask;
    private readonly GpuBuffer _adjusted;
    private readonly int _vocabSize;

    public LogitAdjuster(GpuDevice device, KernelSet kernels, int vocabSize, int capacity)
    {
        _device = device;
        _kernels = kernels;
        _vocabSize = vocabSize;
        _buffers = new BufferSet(device, "adjust");
        try
        {
            _counts = _buffers.Create("counts", (long)vocabSize * sizeof(uint));
            _history = _buffers.Create("history", (long)capacity * sizeof(uint));
            _biases = _buffers.Create("biases", (long)vocabSize * sizeof(float));
            _mask = _buffers.Create("mask", AdjustLogitsKernel.MaskBytes(vocabSize), BufferKind.HostWritable);
            _adjusted = _buffers.CreateFloats("logits", 1, vocabSize);
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    /// <summary>The logits to choose from: float32 [VocabSize].</summary>
    public BufferView Adjusted => _adjusted;

    /// <summary>The bits of the tokens that may be chosen next; no step may be under way.</summary>
    public Span<uint> Mask => MemoryMarshal.Cast<byte, uint>(_mask.MappedSpan);

    public static LogitAdjustments Needed(SamplingOptions sampling, bool masked) =>
        (sampling.HasPenalties ? LogitAdjustments.Penalties : 0)
        | (sampling.LogitBias.Count > 0 ? LogitAdjustments.Bias : 0)
        | (masked ? LogitAdjustments.Mask : 0);

    /// <summary>Uploads what the options say and what the session's tokens are.</summary>
    public void Reset(ReadOnlySpan<int> tokens, SamplingOptions sampling)
    {
        if (sampling.HasPenalties)
        {
            int first = sampling.PenaltyWindow == 0 ? 0 : Math.Max(0, tokens.Length - sampling.PenaltyWindow);
            uint[] counts = new uint[_vocabSize];
            foreach (int token in tokens[first..])
            {
                counts[token]++;
            }

            _device.Upload(_counts, 0, MemoryMarshal.AsBytes(counts.AsSpan()));
            _device.Upload(_history, (long)first * sizeof(uint), MemoryMarshal.AsBytes(tokens[first..]));
        }

        if (sampling.LogitBias.Count > 0)
        {
            float[] biases = new float[_vocabSize];
            foreach ((int token, float bias) in sampling.LogitBias)
            {
                biases[token] = bias;
            }

            _device.Upload(_biases, 0, MemoryMarshal.AsBytes(biases.AsSpan()));
        }
    }

    public void RecordAdjust(CommandList commands, BufferView logits, BufferView stepState) =>
        _kernels.AdjustLogits.Record(commands, logits, _vocabSize, stepState, _counts, _biases, _mask, _adjusted);

    public void RecordHistory(CommandList commands, BufferView stepState) =>
        _kernels.TokenHistory.Record(commands, stepState, _history, _counts);

    public void Dispose() => _buffers.Dispose();
}

using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Decode steps of several sequences at once: the pass of all of them and their choices, one chain of dispatches each, recorded once and
/// replayed, in one submit a step. What a sequence owns stays with its <see cref="DecodeRunner"/>. Not thread-safe; allocates nothing per
/// step.
/// </summary>
internal sealed class BatchRunner : IDisposable
{
    private readonly GpuDevice _device;
    private readonly DecodeRunner[] _sequences;
    private readonly RowActivations _activations;
    private readonly BatchRows _rows;
    private readonly GpuBuffer _logits;
    private readonly CommandList _pass;
    private readonly TokenChoice _choice;
    private readonly CommandList[] _step = new CommandList[2];
    private Submission _last;

    public BatchRunner(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, IReadOnlyList<DecodeRunner> sequences,
        IEnumerable<ActivationType> inputTypes, Cancellation cancellation)
    {
        _device = device;
        _sequences = [.. sequences];
        _activations = new RowActivations(device, config, sequences.Count, inputTypes);
        try
        {
            _logits = device.CreateBuffer(
                Activations.SizeInBytes(ActivationType.F32, sequences.Count, config.VocabSize), BufferKind.DeviceLocal, "batch.logits");
            _rows = new BatchRows(device, transformer, kernels, sequences.Select(sequence => sequence.Row));
            _pass = device.CreateCommandList("batch.step");
            _choice = new TokenChoice(
                device, kernels, config.VocabSize, sequences.Select(static sequence => (sequence.Slot, sequence.Logits)));
            _pass.Record(commands =>
            {
                _activations.RecordClear(commands);
                _rows.RecordClear(commands);
            });
            device.Wait(device.Submit(_pass), cancellation);

            _pass.Record(commands =>
            {
                RecordTimestamp("begin");
                transformer.RecordBatch(commands, _activations, _rows, _logits);
                RecordTimestamp("end");
            });
        }
        catch
        {
            Dispose();
            throw;
        }

        _step[0] = _pass;
    }

    /// <summary>GPU time of the last finished pass, in microseconds; only meaningful while none is pending.</summary>
    public double LastGpuMicroseconds => _device.Capabilities.TimestampsSupported ? _pass.ReadTimestamps()[^1].Microseconds : 0;

    /// <summary>The dispatches of the last finished pass, where they were timed; only meaningful while none is pending.</summary>
    public IReadOnlyList<DispatchTime> ReadProfile() => _pass.ReadProfile();

    /// <summary>Dispatches of one pass, from the sequences' ids to their logits, as recorded.</summary>
    public int DispatchesPerPass => _pass.DispatchCount;

    /// <summary>Dispatches that choose the tokens of all sequences, as recorded for the last step.</summary>
    public int DispatchesPerChoice => _step[1].DispatchCount;

    /// <summary>Submits a step of all sequences: the pass of their last tokens and the choice of their next.</summary>
    public void SubmitStep(Cancellation cancellation)
    {
        if (_choice.IsOutdated)
        {
            _device.Wait(_last, cancellation);
            _step[1] = _choice.Prepare();
        }

        _last = _device.Submit(_step);
        foreach (DecodeRunner sequence in _sequences)
        {
            sequence.Track(_last);
        }
    }

    public void Dispose()
    {
        _pass?.Dispose();
        _choice?.Dispose();
        _logits?.Dispose();
        _rows?.Dispose();
        _activations.Dispose();
    }

    private void RecordTimestamp(string label)
    {
        if (_device.Capabilities.TimestampsSupported)
        {
            _pass.Timestamp(label);
        }
    }
}

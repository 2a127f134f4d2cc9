using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Steps of one row alone, by the fused pass: norm and residual inside the products. Recorded for a slot, then replayed; the slots used
/// last keep their recordings. Owns the pass' activations; not thread-safe.
/// </summary>
internal sealed class AlonePass : IDisposable
{
    /// <summary>Slots that keep their recordings.</summary>
    private const int MostRecorded = 16;

    private readonly GpuDevice _device;
    private readonly ModelConfig _config;
    private readonly DecoderTransformer _transformer;
    private readonly DecodeActivations _activations;
    private readonly List<SequenceSlot> _recorded = [];
    private readonly DispatchChain? _chain;
    private readonly ILogger? _logger;

    /// <param name="device">Where.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="transformer">Records the pass.</param>
    /// <param name="kernels">What it is made of.</param>
    /// <param name="shapes">The attention of layers.</param>
    /// <param name="logger">Where messages go; null: nowhere.</param>
    public AlonePass(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, IReadOnlyList<AttentionShape> shapes,
        ILogger? logger)
    {
        _logger = logger;
        _device = device;
        _config = config;
        _transformer = transformer;
        _activations = new DecodeActivations(device, config, kernels.DecodeAttention.RowsScratchBytes(shapes, 1));
        try
        {
            device.RunOnce("alone.clear", _activations.RecordClear);
            _chain = kernels.Context.ChainsDispatches ? new DispatchChain(device) : null;
            IsChained = _chain is not null;
        }
        catch
        {
            _activations.Dispose();
            throw;
        }
    }

    /// <summary>What a step leaves: float32 [VocabSize].</summary>
    public BufferView Logits => Activations.Row(_activations.Logits, ActivationType.F32, 0, _config.VocabSize);

    /// <summary>Whether the dispatches of steps that are recorded now wait for each other by counters.</summary>
    public bool IsChained { get; private set; }

    /// <summary>
    /// Whether a step that has ended, and was chained, is worth nothing: a dispatch waited for another in vain. From then on, barriers
    /// stand between dispatches.
    /// </summary>
    public bool IsVoid(StepUnderWay step)
    {
        if (_chain is not { HasFailed: true })
        {
            return false;
        }

        step.Slots.ForEach(slot => slot.Deselect());
        if (IsChained)
        {
            IsChained = false;
            _recorded.ToList().ForEach(Forget);
            _logger?.LogWarning(
                "{Device}: a dispatch waited in vain for the one before it; barriers stand between them from now on", _device.Info.Name);
        }

        return true;
    }

    /// <summary>The commands of a step of a slot's sequence, whose token and position its step state says.</summary>
    public CommandList Commands(SequenceSlot slot)
    {
        if (slot.Alone is { } recorded)
        {
            if (recorded.IsProfiled == _device.ProfilesDispatches)
            {
                return recorded;
            }

            Forget(slot);
        }

        if (_recorded.Count == MostRecorded)
        {
            Forget(_recorded[0]);
        }

        slot.Alone = Record(slot);
        _recorded.Add(slot);
        return slot.Alone;
    }

    /// <summary>Where the first value comes from that is no number, when the token of the slot's step state is processed.</summary>
    public string? FindNotFinite(SequenceSlot slot) => FiniteCheck.FirstNotFinite(
        _device, _config, _transformer, _activations, slot.Cache, slot.Sampler.State, default);

    public void Dispose()
    {
        _chain?.Dispose();
        _activations.Dispose();
    }

    // Apart: what captures is not to allocate where nothing is recorded.
    private CommandList Record(SequenceSlot slot) => _device.Record("step.alone", list =>
    {
        StepClock.Begin(_device, list);
        if (IsChained)
        {
            list.BeginChain(_chain!);
        }

        _transformer.RecordDecode(list, _activations, slot.Cache, slot.Sampler.State);
        StepClock.End(_device, list);
    });

    // Steps under way keep what they run.
    private void Forget(SequenceSlot slot)
    {
        _recorded.Remove(slot);
        slot.Alone?.Dispose();
        slot.Alone = null;
    }
}

using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The commands that choose a token from one session's logits: recorded once for each combination of features that is asked for,
/// then replayed. What a combination does not need is neither made nor recorded. Not thread-safe.
/// </summary>
internal sealed class TokenChoice : IDisposable
{
    private readonly GpuDevice _device;
    private readonly KernelSet _kernels;
    private readonly DecodeActivations _activations;
    private readonly BufferView _state;
    private readonly BufferView _ring;
    private readonly int _vocabSize;
    private readonly int _capacity;
    private readonly Dictionary<Features, CommandList> _recorded = [];
    private LogitAdjuster? _adjuster;
    private LogProbabilityReader? _logProbabilities;
    private int? _alternatives;
    private Features _prepared;

    public TokenChoice(
        GpuDevice device, KernelSet kernels, DecodeActivations activations, int vocabSize, int capacity, BufferView state, BufferView ring)
    {
        _device = device;
        _kernels = kernels;
        _activations = activations;
        _vocabSize = vocabSize;
        _capacity = capacity;
        _state = state;
        _ring = ring;
    }

    /// <summary>The bits of the tokens that may be chosen; for a choice that is masked, while no step is under way.</summary>
    public Span<uint> Mask => _adjuster!.Mask;

    /// <summary>Makes ready what the options ask for; no step may be under way.</summary>
    /// <param name="tokens">All tokens of the session.</param>
    /// <param name="sampling">How tokens are chosen.</param>
    /// <param name="adjustments">What changes the logits before.</param>
    /// <returns>The commands, owned by this object.</returns>
    public CommandList Prepare(ReadOnlySpan<int> tokens, SamplingOptions sampling, LogitAdjustments adjustments)
    {
        if (adjustments != LogitAdjustments.None)
        {
            _adjuster ??= new LogitAdjuster(_device, _kernels, _vocabSize, _capacity);
            _adjuster.Reset(tokens, sampling);
        }

        _alternatives = sampling.LogProbabilities;
        if (_alternatives is not null)
        {
            _logProbabilities ??= new LogProbabilityReader(_device, _kernels, _vocabSize);
        }

        var features = new Features(
            sampling.IsGreedy, adjustments != LogitAdjustments.None, adjustments.HasFlag(LogitAdjustments.Penalties),
            _alternatives is not null);
        _prepared = features;
        if (!_recorded.TryGetValue(features, out CommandList? commands))
        {
            commands = _device.CreateCommandList(sampling.IsGreedy ? "decode.greedy" : "decode.sample");
            try
            {
                commands.Record(Record);
            }
            catch
            {
                commands.Dispose();
                throw;
            }

            _recorded.Add(features, commands);
        }

        return commands;
    }

    /// <summary>The log-probabilities of a finished step; null where none were asked for.</summary>
    public TokenLogProbabilities? ReadLogProbabilities(int step, int token) =>
        _alternatives is { } alternatives ? _logProbabilities!.Read(step, token, alternatives) : null;

    /// <summary>Records what was prepared last into a list of something larger.</summary>
    public void Record(CommandList commands)
    {
        Features features = _prepared;
        BufferView logits = _activations.Logits;
        if (features.Adjusted)
        {
            _adjuster!.RecordAdjust(commands, logits, _state);
            logits = _adjuster.Adjusted;
        }

        if (features.Greedy)
        {
            _kernels.Argmax.Record(commands, logits, _vocabSize, _state, _ring, _activations.SamplerScratch);
        }
        else
        {
            _kernels.Sample.Record(commands, logits, _vocabSize, _state, _ring, _activations.SamplerScratch);
        }

        if (features.Penalties)
        {
            _adjuster!.RecordHistory(commands, _state);
        }

        if (features.LogProbabilities)
        {
            _logProbabilities!.Record(commands, _activations.Logits, _state);
        }
    }

    public void Dispose()
    {
        foreach (CommandList commands in _recorded.Values)
        {
            commands.Dispose();
        }

        _adjuster?.Dispose();
        _logProbabilities?.Dispose();
    }

    private readonly record struct Features(bool Greedy, bool Adjusted, bool Penalties, bool LogProbabilities);
}

using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// What the choices of one sequence's tokens keep on the device: its step state and the ring of its tokens, and where options ask for them,
/// made then, counts of tokens seen, biases, a mask, adjusted logits and log-probabilities. Not thread-safe.
/// </summary>
internal sealed class SamplerSlot : IDisposable
{
    private readonly GpuDevice _device;
    private readonly int _vocabSize;
    private readonly int _maxLength;
    private readonly BufferView _state;
    private readonly BufferView _ring;
    private readonly uint[] _id = new uint[1];
    private GpuBuffer? _counts;
    private GpuBuffer? _history;
    private GpuBuffer? _biases;
    private GpuBuffer? _mask;
    private GpuBuffer? _adjusted;
    private GpuBuffer? _entries;
    private int? _alternatives;

    /// <param name="device">Where.</param>
    /// <param name="vocabSize">Width of a row of logits.</param>
    /// <param name="maxLength">Tokens that a sequence may have.</param>
    /// <param name="state">A <see cref="StepState"/> that the host writes; not owned.</param>
    /// <param name="ring">uint32 [<see cref="StepState.RingSize"/>] that the host reads; not owned.</param>
    public SamplerSlot(GpuDevice device, int vocabSize, int maxLength, BufferView state, BufferView ring)
    {
        _device = device;
        _vocabSize = vocabSize;
        _maxLength = maxLength;
        _state = state;
        _ring = ring;
    }

    /// <summary>What a choice asks for, as the last reset says.</summary>
    public ChoiceFeatures Features { get; private set; } = ChoiceFeatures.Greedy;

    /// <summary>What changes the logits before.</summary>
    public LogitAdjustments Adjustments { get; private set; }

    /// <summary>Rises when <see cref="Features"/> or the memory of <see cref="For"/> change.</summary>
    public int Version { get; private set; }

    /// <summary>The bits of the tokens that may be chosen next; after a masked reset, while no step of the sequence is under way.</summary>
    public Span<uint> Mask => MemoryMarshal.Cast<byte, uint>(_mask!.MappedSpan);

    /// <summary>Says how tokens are chosen from here on; no step of the sequence may be under way.</summary>
    /// <param name="tokens">The sequence's tokens up to the one that the next step processes.</param>
    /// <param name="sampling">How.</param>
    /// <param name="masked">Whether only tokens of <see cref="Mask"/> may be chosen.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    /// <param name="stepIndex">How many tokens were drawn with this seed before.</param>
    public void Reset(ReadOnlySpan<int> tokens, SamplingParameters sampling, bool masked, ulong seed, int stepIndex)
    {
        Adjustments = (sampling.HasPenalties ? LogitAdjustments.Penalties : 0)
            | (sampling.LogitBias.Count > 0 ? LogitAdjustments.Bias : 0)
            | (masked ? LogitAdjustments.Mask : 0);

        // A window that no token ever leaves is none.
        int window = sampling.PenaltyWindow < _maxLength ? sampling.PenaltyWindow : 0;
        ChoiceFeatures features = (sampling.IsGreedy ? ChoiceFeatures.Greedy : ChoiceFeatures.Drawn)
            | (Adjustments != LogitAdjustments.None ? ChoiceFeatures.Adjusted : 0)
            | (sampling.HasPenalties ? ChoiceFeatures.Counted : 0)
            | (sampling.LogProbabilities is not null ? ChoiceFeatures.LogProbabilities : 0);
        Version += features == Features ? 0 : 1;
        (Features, _alternatives) = (features, sampling.LogProbabilities);
        MakeReady(tokens, sampling, masked, window);
        StepState state = new()
        {
            Position = (uint)tokens.Length - 1,
            TokenId = (uint)tokens[^1],
            StepIndex = (uint)stepIndex,
            SeedLo = (uint)seed,
            SeedHi = (uint)(seed >> 32),
            Temperature = sampling.Temperature,
            TopK = (uint)sampling.TopK,
            TopP = sampling.TopP,
            MinP = sampling.MinP,
            TypicalP = sampling.TypicalP,
            RepetitionPenalty = sampling.RepetitionPenalty,
            FrequencyPenalty = sampling.FrequencyPenalty,
            PresencePenalty = sampling.PresencePenalty,
            PenaltyWindow = (uint)window,
            Adjustments = Adjustments,
            Alternatives = (uint)(sampling.LogProbabilities ?? 0),
        };
        _state.Buffer.Write(_state.Offset, new ReadOnlySpan<StepState>(in state));
    }

    /// <summary>What the device knows of the sequence's last token; not owned.</summary>
    public BufferView State => _state;

    /// <summary>Sets the last token and its position alone, for a pass that chooses nothing; a reset must follow before a choice.</summary>
    public void Place(int position, int token)
    {
        StepState state = new() { Position = (uint)position, TokenId = (uint)token };
        _state.Buffer.Write(_state.Offset, new ReadOnlySpan<StepState>(in state));
    }

    /// <summary>
    /// Goes on elsewhere as the last reset said; without penalties, which count the tokens between. No step of the sequence may be under
    /// way.
    /// </summary>
    /// <param name="position">Position of the last token.</param>
    /// <param name="token">The last token.</param>
    /// <param name="stepIndex">How many tokens were drawn before.</param>
    public void GoOn(int position, int token, int stepIndex) =>
        _state.Buffer.Write<uint>(_state.Offset, [(uint)position, (uint)token, (uint)stepIndex]);

    /// <summary>The choice from a row of logits.</summary>
    public Choice For(BufferView logits) => new()
    {
        Logits = logits,
        StepState = _state,
        Ring = _ring,
        Counts = View(_counts),
        History = View(_history),
        Biases = View(_biases),
        Mask = View(_mask),
        Adjusted = View(_adjusted),
        Entries = View(_entries),
    };

    /// <summary>What a step that has run left in the ring: a token, or why there is none.</summary>
    public uint ReadId(int step)
    {
        _ring.Buffer.Read(_ring.Offset + (step % StepState.RingSize * sizeof(uint)), _id.AsSpan());
        return _id[0];
    }

    /// <summary>How likely the token of a step that has run was; null where it was not asked for.</summary>
    /// <param name="step">Index of the step.</param>
    /// <param name="token">The token it chose.</param>
    public TokenLogProbabilities? ReadLogProbabilities(int step, int token)
    {
        if (_alternatives is not { } alternatives)
        {
            return null;
        }

        Span<uint> entry = stackalloc uint[LogProbabilitiesKernel.EntryWords];
        _entries!.Read(step % StepState.RingSize * entry.Length * sizeof(uint), entry);
        var top = new List<TokenLogProbability>(alternatives);
        for (int rank = 0; rank < alternatives && entry[1 + rank] != LogProbabilitiesKernel.NoToken; rank++)
        {
            float value = BitConverter.UInt32BitsToSingle(entry[1 + LogProbabilitiesKernel.MaxAlternatives + rank]);
            top.Add(new TokenLogProbability((int)entry[1 + rank], value));
        }

        return new TokenLogProbabilities(new TokenLogProbability(token, BitConverter.UInt32BitsToSingle(entry[0])), top);
    }

    /// <summary>Gives back what options asked for; no step of the sequence may be under way. A reset makes it anew.</summary>
    public void Trim()
    {
        foreach (GpuBuffer? buffer in (ReadOnlySpan<GpuBuffer?>)[_counts, _history, _biases, _mask, _adjusted, _entries])
        {
            buffer?.Dispose();
        }

        _counts = _history = _biases = _mask = _adjusted = _entries = null;
        Version++;
    }

    public void Dispose() => Trim();

    private static BufferView View(GpuBuffer? buffer) => buffer is null ? default : buffer.Whole;

    /// <summary>Makes what the options ask for, and uploads what they and the tokens say.</summary>
    private void MakeReady(ReadOnlySpan<int> tokens, SamplingParameters sampling, bool masked, int window)
    {
        if (Adjustments != LogitAdjustments.None)
        {
            Require(ref _adjusted, (long)_vocabSize * sizeof(float), BufferKind.DeviceLocal, "sampler.adjusted");
        }

        if (sampling.HasPenalties)
        {
            UploadCounts(tokens, window);
        }

        if (sampling.LogitBias.Count > 0)
        {
            UploadBiases(sampling.LogitBias);
        }

        if (masked)
        {
            Require(ref _mask, AdjustLogitsKernel.MaskBytes(_vocabSize), BufferKind.HostWritable, "sampler.mask");
        }

        if (sampling.LogProbabilities is not null)
        {
            const int EntryBytes = LogProbabilitiesKernel.EntryWords * sizeof(uint);
            Require(ref _entries, StepState.RingSize * EntryBytes, BufferKind.HostReadable, "sampler.log_probabilities");
        }
    }

    private void UploadCounts(ReadOnlySpan<int> tokens, int window)
    {
        Require(ref _counts, (long)_vocabSize * sizeof(uint), BufferKind.DeviceLocal, "sampler.counts");
        int first = window == 0 ? 0 : Math.Max(0, tokens.Length - window);
        uint[] counts = new uint[_vocabSize];
        foreach (int token in tokens[first..])
        {
            counts[token]++;
        }

        _device.Upload(_counts!, 0, MemoryMarshal.AsBytes(counts.AsSpan()));
        if (window > 0)
        {
            Require(ref _history, (long)window * sizeof(uint), BufferKind.DeviceLocal, "sampler.history");
            int[] history = new int[window];
            for (int position = first; position < tokens.Length; position++)
            {
                history[position % window] = tokens[position];
            }

            _device.Upload(_history!, 0, MemoryMarshal.AsBytes(history.AsSpan()));
        }
    }

    private void UploadBiases(TokenBiases logitBias)
    {
        Require(ref _biases, (long)_vocabSize * sizeof(float), BufferKind.DeviceLocal, "sampler.biases");
        float[] biases = new float[_vocabSize];
        foreach ((int token, float bias) in logitBias)
        {
            biases[token] = bias;
        }

        _device.Upload(_biases!, 0, MemoryMarshal.AsBytes(biases.AsSpan()));
    }

    /// <summary>Makes a buffer, or a larger one. Recordings keep the one before as long as they need it.</summary>
    private void Require(ref GpuBuffer? buffer, long bytes, BufferKind kind, string name)
    {
        if (buffer is null || buffer.SizeInBytes < bytes)
        {
            GpuBuffer made = _device.CreateBuffer(bytes, kind, name);
            buffer?.Dispose();
            buffer = made;
            Version++;
        }
    }
}

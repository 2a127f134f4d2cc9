using System.Runtime.InteropServices;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// One session's decode steps. The commands of a step are recorded once and replayed: position, token and random state live on
/// the device, so a step is one submit and its only read-back is the token id. Not thread-safe; allocates nothing per step.
/// </summary>
internal sealed class DecodeRunner : IDisposable
{
    /// <summary>Steps that may be under way at once: one runs while the id of the one before is read and streamed.</summary>
    public const int MaxInFlight = 2;

    private readonly GpuDevice _device;
    private readonly BufferSet _buffers;
    private readonly DecodeActivations _activations;
    private readonly RowActivations? _unfused;
    private readonly BatchRows? _unfusedRows;
    private readonly KvCache _cache;
    private readonly GpuBuffer _state;
    private readonly CommandList _step;
    private readonly SamplerSlot _slot;
    private readonly TokenChoice _choice;
    private readonly Submission[] _inFlight = new Submission[MaxInFlight];
    private readonly CommandList[] _pair = new CommandList[2];
    private readonly DecoderTransformer _transformer;
    private readonly ModelConfig _config;
    private uint _token;
    private int _position;
    private int _submitted;
    private int _taken;

    /// <param name="device">Where to run.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="transformer">Records the passes.</param>
    /// <param name="kernels">Choose tokens.</param>
    /// <param name="cache">The session's.</param>
    /// <param name="unfusedInputs">
    /// How matrix products take their inputs, where a pass is to use the forms that a prompt uses; null: the fused matrix-vector products.
    /// </param>
    /// <param name="cancellation">Ends the wait for the device.</param>
    public DecodeRunner(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, KvCache cache,
        IEnumerable<ActivationType>? unfusedInputs, Cancellation cancellation)
    {
        _device = device;
        _transformer = transformer;
        _config = config;
        _cache = cache;
        _buffers = new BufferSet(device, "decode");
        CommandList? step = null;
        TokenChoice? choice = null;
        DecodeActivations? activations = null;
        RowActivations? unfused = null;
        BatchRows? rows = null;
        AttentionShape shape = transformer.Shape(cache, 0);
        try
        {
            _state = _buffers.Create("state", StepState.SizeInBytes, BufferKind.HostWritable);
            GpuBuffer ring = _buffers.Create("ring", StepState.RingSize * sizeof(uint), BufferKind.HostReadable);
            activations = new DecodeActivations(device, config, kernels.DecodeAttention.ScratchBytes(shape));
            step = device.CreateCommandList("decode.step");

            if (unfusedInputs is not null)
            {
                unfused = new RowActivations(device, config, 1, unfusedInputs);
                rows = new BatchRows(device, transformer, kernels, [new BatchRow(cache, _state, activations.Logits)]);
            }

            step.Record(commands =>
            {
                activations.RecordClear(commands);
                unfused?.RecordClear(commands);
                rows?.RecordClear(commands);
                cache.RecordClear(commands);
            });
            device.Wait(device.Submit(step), cancellation);

            step.Record(commands =>
            {
                RecordTimestamp(commands, "begin");
                if (unfused is not null && rows is not null)
                {
                    transformer.RecordBatch(commands, unfused, rows, activations.Logits);
                }
                else
                {
                    transformer.RecordDecode(commands, activations, cache, _state);
                }

                RecordTimestamp(commands, "end");
            });
            _slot = new SamplerSlot(device, config.VocabSize, cache.Capacity, _state, ring);
            choice = new TokenChoice(device, kernels, config.VocabSize, [(_slot, activations.Logits)]);
        }
        catch
        {
            choice?.Dispose();
            step?.Dispose();
            activations?.Dispose();
            unfused?.Dispose();
            rows?.Dispose();
            _buffers.Dispose();
            throw;
        }

        (_step, _choice, _activations, _unfused, _unfusedRows) = (step, choice, activations, unfused, rows);
        _pair[0] = _step;
    }

    /// <summary>Where prefill leaves the logits of its last token: float32 [VocabSize].</summary>
    public BufferView Logits => _activations.Logits;

    /// <summary>Scratch for the norm before those logits: a row of the residual stream.</summary>
    public BufferView Normed => _activations.Normed;

    /// <summary>What this sequence brings into a batch.</summary>
    public BatchRow Row => new(_cache, _state, Logits);

    /// <summary>How its tokens are chosen.</summary>
    public SamplerSlot Slot => _slot;

    /// <summary>Steps submitted whose token has not been taken.</summary>
    public int Pending => _submitted - _taken;

    /// <summary>Dispatches of one token's pass, from its id to its logits, as recorded.</summary>
    public int DispatchesPerPass => _step.DispatchCount;

    /// <summary>Dispatches that choose a token from its logits, as recorded for the options of the last reset.</summary>
    public int DispatchesPerChoice => _pair[1].DispatchCount;

    /// <summary>GPU time of the last finished step, in microseconds; only meaningful while none is pending.</summary>
    public double LastGpuMicroseconds => _device.Capabilities.TimestampsSupported ? _step.ReadTimestamps()[^1].Microseconds : 0;

    /// <summary>The dispatches of the last finished step, where they were timed; only meaningful while none is pending.</summary>
    public IReadOnlyList<DispatchTime> ReadProfile() => _step.ReadProfile();

    /// <summary>The bits of the tokens that the next step may choose; while no step is under way, after a masked reset.</summary>
    public Span<uint> Mask => _slot.Mask;

    /// <summary>Sets the state from which the next step goes on; waits for steps under way and forgets their tokens.</summary>
    /// <param name="tokens">The session's tokens up to the one that the next step processes.</param>
    /// <param name="sampling">How tokens are chosen from here on.</param>
    /// <param name="masked">Whether only tokens of <see cref="Mask"/> may be chosen.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    /// <param name="stepIndex">How many tokens were drawn with this seed before.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public void Reset(ReadOnlySpan<int> tokens, SamplingOptions sampling, bool masked, ulong seed, int stepIndex, Cancellation cancellation)
    {
        Drain(cancellation);
        _slot.Reset(tokens, sampling, masked, seed, stepIndex);
        _pair[1] = _choice.Prepare();
        _submitted = _taken = stepIndex;
        (_token, _position) = ((uint)tokens[^1], tokens.Length - 1);
    }

    /// <summary>Submits one token's pass without choosing a successor; the logits are ready when it has run.</summary>
    public void SubmitPass(Cancellation cancellation) => _device.Wait(_device.Submit(_step), cancellation);

    /// <summary>Submits the choice of a token from logits that are ready.</summary>
    public void SubmitSample() => Track(_device.Submit(_pair[1]));

    /// <summary>Submits a whole step: the pass of the last token and the choice of the next, in one submit.</summary>
    public void SubmitStep() => Track(_device.Submit(_pair));

    /// <summary>Takes note of a step of this sequence that was submitted as part of something larger.</summary>
    public void Track(Submission submission)
    {
        _inFlight[_submitted % MaxInFlight] = submission;
        _submitted++;
    }

    /// <summary>Waits for the earliest pending token, and leaves it pending.</summary>
    public void Wait(Cancellation cancellation) => _device.Wait(_inFlight[_taken % MaxInFlight], cancellation);

    /// <summary>Waits for all steps under way, and leaves their tokens pending.</summary>
    public void WaitForAll(Cancellation cancellation)
    {
        foreach (Submission submission in _inFlight)
        {
            _device.Wait(submission, cancellation);
        }
    }

    /// <summary>Waits for the earliest pending token.</summary>
    public int Take(Cancellation cancellation)
    {
        Wait(cancellation);
        _token = Check(cancellation);
        _taken++;
        _position++;
        return (int)_token;
    }

    /// <summary>The token of the earliest pending step, which has run.</summary>
    /// <exception cref="InvalidLogitsException">It could not; every pending step is to be forgotten, by a reset.</exception>
    public uint Check(Cancellation cancellation)
    {
        uint id = _slot.ReadId(_taken);
        if (id < StepState.LogitsNotFinite)
        {
            return id;
        }

        bool isFinite = id == StepState.NoTokenAllowed;
        Drain(cancellation);
        if (isFinite)
        {
            throw InvalidLogitsException.NoneAllowed(
                _position, _slot.Adjustments.HasFlag(LogitAdjustments.Bias), _slot.Adjustments.HasFlag(LogitAdjustments.Mask));
        }

        StepState state = new() { Position = (uint)_position, TokenId = _token };
        _state.Write(0, new ReadOnlySpan<StepState>(in state));
        throw InvalidLogitsException.NotFinite(
            _position, FiniteCheck.FirstNotFinite(_device, _config, _transformer, _activations, _cache, _state, cancellation));
    }

    /// <summary>How likely the token taken last was; null where it was not asked for.</summary>
    public TokenLogProbabilities? ReadLogProbabilities() => _slot.ReadLogProbabilities(_taken - 1, (int)_token);

    public void ReadLogits(Span<float> logits) => _device.Download(_activations.Logits, 0, MemoryMarshal.AsBytes(logits));

    /// <summary>Waits for steps under way and forgets their tokens.</summary>
    public void Drain(Cancellation cancellation)
    {
        WaitForAll(cancellation);
        _taken = _submitted;
    }

    public void Dispose()
    {
        _step.Dispose();
        _choice.Dispose();
        _slot.Dispose();
        _activations.Dispose();
        _unfused?.Dispose();
        _unfusedRows?.Dispose();
        _buffers.Dispose();
    }

    private void RecordTimestamp(CommandList commands, string label)
    {
        if (_device.Capabilities.TimestampsSupported)
        {
            commands.Timestamp(label);
        }
    }
}

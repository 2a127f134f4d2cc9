using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VkInfer.Cache;
using VkInfer.Grammar;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Receives one row of logits.</summary>
/// <param name="index">Index of the token after which these logits stand, within the tokens given.</param>
/// <param name="logits">Float32 [VocabSize]; valid only during the call.</param>
public delegate void LogitsCallback(int index, ReadOnlySpan<float> logits);

/// <summary>
/// One sequence of tokens with its own KV cache. Different sessions run in parallel; one session serves one caller at a time and
/// throws <see cref="InvalidOperationException"/> otherwise. Owns device memory until disposed.
/// </summary>
public sealed partial class Session : IDisposable
{
    private const long LogitsChunkBytes = 32L << 20;

    private readonly SessionOptions _options;
    private readonly List<int> _tokens = [];
    private readonly KvCache _cache;
    private readonly DecodeRunner _decode;
    private int _cached;
    private bool _logitsReady;
    private SamplingOptions? _running;
    private bool _runningMasked;
    private ulong _seed;
    private int _drawn;
    private int _busy;
    private bool _disposed;

    internal Session(Model model, SessionOptions options)
    {
        Model = model;
        Capacity = options.Capacity ?? model.ContextLength;
        if (Capacity < 1 || Capacity > model.ContextLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), Capacity, $"Capacity must be from 1 to the {model.ContextLength} tokens the model was loaded with.");
        }

        _tokens.EnsureCapacity(Capacity);
        _options = options with { Capacity = Capacity };
        Linear = options.Linear ?? model.Options.Linear;
        Transformer = model.TransformerFor(Linear);
        Softmax = options.Softmax is { } choice ? SoftmaxPlan.For(choice, model.Config.NumLayers, model.Calibration) : model.Softmax;
        _cache = new KvCache(model.Gpu, model.Config, options.KvType ?? model.Options.KvType, Capacity, Softmax);
        try
        {
            _decode = new DecodeRunner(model.Gpu, model.Config, Transformer, model.Kernels, _cache, Linear is LinearChoice.Flat or LinearChoice.Tiled ? model.MatrixInputTypes : null);
        }
        catch
        {
            _cache.Dispose();
            throw;
        }
    }

    /// <summary>The model this session belongs to; it must outlive the session.</summary>
    public Model Model { get; }

    /// <summary>Positions the KV cache holds, in tokens.</summary>
    public int Capacity { get; }

    /// <summary>How attention accumulates its softmax in this session.</summary>
    public SoftmaxPlan Softmax { get; }

    /// <summary>Which implementation linear layers use in this session. Products with one token's are fused where it is not forced.</summary>
    public LinearChoice Linear { get; }

    /// <summary>Tokens so far, prompt and answers together.</summary>
    public int Position => _tokens.Count;

    /// <summary>The ids of all tokens so far; a view that changes with the session.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>What the asynchronized softmax counted in this session; waits for the device.</summary>
    public SoftmaxStats ReadSoftmaxStats()
    {
        using Lease lease = Enter();
        return SoftmaxStats.Read(Model.Gpu, _cache.SoftmaxStats);
    }

    /// <summary>GPU time of the last <see cref="Append"/> in microseconds; 0 where the device has no timestamps.</summary>
    internal double LastPrefillGpuMicroseconds { get; private set; }

    /// <summary>GPU time of the last decode step's layers in microseconds, when no further step is under way.</summary>
    internal double LastStepGpuMicroseconds => _decode.LastGpuMicroseconds;

    /// <summary>The last step's dispatches, where they were timed, when no further step is under way.</summary>
    internal IReadOnlyList<DispatchTime> ReadStepProfile() => _decode.ReadProfile();

    internal DecodeRunner Decode => _decode;

    internal DecoderTransformer Transformer { get; }

    internal KvCache Cache => _cache;

    /// <summary>Forgets all tokens. The KV cache keeps its memory.</summary>
    public void Reset() => Truncate(0);

    /// <summary>Forgets the tokens from <paramref name="position"/> on.</summary>
    /// <param name="position">How many tokens stay: 0 to <see cref="Position"/>.</param>
    public void Truncate(int position)
    {
        using Lease lease = Enter();
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position);
        _tokens.RemoveRange(position, Position - position);
        _cached = Math.Min(_cached, position);
        _logitsReady = false;
        _running = null;
        _drawn = 0;
    }

    /// <summary>Makes a second session with the same tokens and a copy of the KV cache; both go on independently.</summary>
    /// <returns>The new session, owned by the caller.</returns>
    public Session Fork() => Fork(_options);

    /// <param name="options">How the new session is created; of the same capacity and type of cache.</param>
    internal Session Fork(SessionOptions options)
    {
        using Lease lease = Enter();
        var fork = new Session(Model, options with { Capacity = Capacity, KvType = _options.KvType });
        try
        {
            if (_cached > 0)
            {
                using CommandList commands = Model.Gpu.CreateCommandList("fork");
                commands.Begin();
                fork._cache.RecordCopyFrom(commands, _cache, _cached);
                commands.End();
                Model.Gpu.Wait(Model.Gpu.Submit(commands));
            }

            fork._tokens.AddRange(_tokens);
            fork._cached = _cached;
            return fork;
        }
        catch
        {
            fork.Dispose();
            throw;
        }
    }

    /// <summary>Processes tokens (prefill) and leaves the logits of the last one ready for <see cref="NextToken"/>.</summary>
    /// <param name="tokens">At least one id, each inside the vocabulary.</param>
    /// <param name="cancellationToken">Ends the call; the session then stands where it stood before.</param>
    /// <exception cref="ArgumentException">No tokens, or one outside the vocabulary.</exception>
    /// <exception cref="ContextLengthExceededException">They do not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Append(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        using Lease lease = Enter();
        AppendCore(tokens, null, cancellationToken);
    }

    /// <summary>Processes tokens and hands out the logits after each of them.</summary>
    /// <param name="tokens">At least one id, each inside the vocabulary.</param>
    /// <param name="onRow">Called once per token, in order, on this thread.</param>
    /// <param name="cancellationToken">Ends the call; the session then stands where it stood before.</param>
    /// <exception cref="ArgumentException">No tokens, or one outside the vocabulary.</exception>
    /// <exception cref="ContextLengthExceededException">They do not fit.</exception>
    public void ComputeLogits(ReadOnlySpan<int> tokens, LogitsCallback onRow, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onRow);
        using Lease lease = Enter();
        AppendCore(tokens, onRow, cancellationToken);
    }

    /// <summary>
    /// Chooses the next token on the device and appends it. Blocking; allocates nothing. Needs at least one token in the session.
    /// </summary>
    /// <param name="sampling">How to choose; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait; the token is then not appended.</param>
    /// <returns>The id.</returns>
    /// <exception cref="InvalidOperationException">The session is empty.</exception>
    /// <exception cref="ContextLengthExceededException">The KV cache is full.</exception>
    public int NextToken(SamplingOptions? sampling = null, CancellationToken cancellationToken = default)
    {
        using Lease lease = Enter();
        return NextTokenCore(sampling ?? DefaultSampling, 1, cancellationToken);
    }

    /// <summary>Reads the logits of the last token processed by <see cref="Append"/> or by a step of <see cref="NextToken"/>.</summary>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    internal void ReadLogits(Span<float> logits)
    {
        using Lease lease = Enter();
        _decode.ReadLogits(logits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _decode.Dispose();
        _cache.Dispose();
        Model.Forget(this);
    }

    private static readonly SamplingOptions DefaultSampling = new();

    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Steps to keep under way, up to <see cref="DecodeRunner.MaxInFlight"/>; 1 with a grammar.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="grammar">Says which tokens may be chosen; null: all.</param>
    internal int NextTokenCore(SamplingOptions sampling, int depth, CancellationToken cancellation, GrammarMatcher? grammar = null)
    {
        PrepareRun(sampling, grammar is not null, cancellation);
        grammar?.FillMask(_decode.Mask);
        RequireSpace();
        SubmitUpTo(depth);
        return TakeToken(cancellation);
    }

    internal Lease Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0
            ? new Lease(this)
            : throw new InvalidOperationException("The session is in use by another call; a session serves one caller at a time.");
    }

    private void StartRun(SamplingOptions sampling, bool masked, CancellationToken cancellation)
    {
        sampling.Validate();
        sampling.CheckVocabulary(Model.Config.VocabSize);
        if (_tokens.Count == 0)
        {
            throw new InvalidOperationException("The session is empty; append a prompt first.");
        }

        if (!_logitsReady && _cached == _tokens.Count)
        {
            // After a truncation or a fork the last token is cached but its logits are gone: run it again.
            _cached--;
        }

        if (!_logitsReady && _tokens.Count - _cached > 1)
        {
            RunPending(cancellation);
        }

        if (_drawn == 0)
        {
            _seed = sampling.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        }

        _decode.Reset(CollectionsMarshal.AsSpan(_tokens), sampling, masked, _seed, _drawn, cancellation);
        (_running, _runningMasked) = (sampling, masked);
    }

    private void AppendCore(ReadOnlySpan<int> tokens, LogitsCallback? onRow, CancellationToken cancellation)
    {
        if (tokens.IsEmpty)
        {
            throw new ArgumentException("No tokens: a prompt needs at least one.", nameof(tokens));
        }

        Model.CheckTokens(tokens);
        if (tokens.Length > Capacity - Position)
        {
            throw new ContextLengthExceededException(tokens.Length, Capacity - Position, Capacity);
        }

        int before = _tokens.Count;
        _tokens.AddRange(tokens);
        _running = null;
        _drawn = 0;
        try
        {
            if (onRow is null)
            {
                RunPending(cancellation);
            }
            else
            {
                RunForLogits(before, onRow, cancellation);
            }
        }
        catch
        {
            // Whatever was written beyond the old end is overwritten before it is read.
            _tokens.RemoveRange(before, _tokens.Count - before);
            _cached = Math.Min(_cached, before);
            _logitsReady = false;
            throw;
        }
    }

    /// <summary>Processes every token that is not in the cache; leaves the logits of the last one.</summary>
    private void RunPending(CancellationToken cancellation)
    {
        ReadOnlySpan<int> pending = CollectionsMarshal.AsSpan(_tokens)[_cached..];
        if (pending.Length == 1)
        {
            _decode.Reset(CollectionsMarshal.AsSpan(_tokens), SamplingOptions.Greedy, false, 0, 0, cancellation);
            _decode.SubmitPass(cancellation);
            LastPrefillGpuMicroseconds = _decode.LastGpuMicroseconds;
        }
        else
        {
            int last = pending.Length - 1;
            PrefillRunner prefill = Model.Prefill;
            prefill.Run(Transformer, pending, _cached, _cache, Model.Options.PrefillChunk, (commands, start, rows) =>
            {
                if (start + rows > last)
                {
                    Transformer.RecordHead(commands, Model.PrefillActivations.Row(rows - 1), _decode.Normed, _decode.Logits);
                }
            }, null, cancellation);
            LastPrefillGpuMicroseconds = prefill.LastGpuMicroseconds;
        }

        _cached = _tokens.Count;
        _logitsReady = true;
    }

    private void RunForLogits(int first, LogitsCallback onRow, CancellationToken cancellation)
    {
        int vocab = Model.Config.VocabSize;
        int stride = WeightLayout.PadColumns(vocab);
        int chunk = (int)Math.Clamp(LogitsChunkBytes / (stride * sizeof(float)), 1, Model.Options.PrefillChunk);
        using GpuBuffer rowsBuffer = Model.Gpu.CreateBuffer((long)chunk * stride * sizeof(float), BufferKind.DeviceLocal, "logits.rows");
        int skipped = first - _cached;
        var row = new float[vocab];
        Model.Prefill.Run(
            Transformer, CollectionsMarshal.AsSpan(_tokens)[_cached..], _cached, _cache, chunk,
            (commands, start, rows) => Transformer.RecordHeads(commands, Model.PrefillActivations, rowsBuffer, rows),
            (start, rows) =>
            {
                for (int i = 0; i < rows; i++)
                {
                    if (start + i >= skipped)
                    {
                        Model.Gpu.Download(rowsBuffer, (long)i * stride * sizeof(float), MemoryMarshal.AsBytes(row.AsSpan()));
                        onRow(start + i - skipped, row);
                    }
                }
            },
            cancellation);
        _cached = _tokens.Count;

        // The session's own logits row was not written: the next choice runs the last token again.
        _logitsReady = false;
    }

    internal readonly struct Lease : IDisposable
    {
        private readonly Session _session;

        public Lease(Session session) => _session = session;

        public void Dispose() => Volatile.Write(ref _session._busy, 0);
    }
}

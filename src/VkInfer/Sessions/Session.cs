using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VkInfer.Engine.Cache;
using VkInfer.Grammar;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// One sequence of tokens with its own KV cache. Different sessions run in parallel; one session serves one caller at a time and
/// throws <see cref="InvalidOperationException"/> otherwise. Owns device memory until disposed, or until it is forgotten and collected.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread, before or after its model, and from inside its own callbacks. What runs then is
/// cancelled, and its callers get <see cref="ObjectDisposedException"/>, as does every later call.
/// </remarks>
public sealed partial class Session : IDisposable, IAsyncDisposable
{
    private readonly SessionOptions _options;
    private readonly List<int> _tokens = [];
    private readonly KvCache _cache;
    private readonly DecodeRunner _decode;
    private readonly Lifetime _lifetime;
    private int _cached;
    private bool _logitsReady;
    private SamplingOptions? _running;
    private bool _runningMasked;
    private ulong _seed;
    private int _drawn;

    internal Session(Model model, SessionOptions options)
    {
        using Lifetime.Lease lease = model.Lifetime.Enter();
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
        _cache = new KvCache(model.Gpu, model.KvStores.Of(options.KvType ?? model.Options.KvType), Capacity, Softmax);
        try
        {
            _decode = new DecodeRunner(
                model.Gpu, model.Config, Transformer, model.Kernels, _cache,
                Linear is LinearChoice.Flat or LinearChoice.Tiled ? model.MatrixInputTypes : null,
                new Cancellation(default, model.Lifetime));
            _lifetime = Begin(_decode, _cache, model.Gpu, model.Lifetime);
        }
        catch
        {
            _decode?.Dispose();
            _cache.Dispose();
            throw;
        }
    }

    /// <summary>The model this session belongs to. Disposing it disposes the session.</summary>
    public Model Model { get; }

    /// <summary>Tokens that the session may have. No memory is reserved for them: the KV cache grows with the session.</summary>
    public int Capacity { get; }

    /// <summary>How attention accumulates its softmax in this session.</summary>
    public SoftmaxPlan Softmax { get; }

    /// <summary>
    /// Which implementation linear layers use in this session. Products with one token's are fused where it is not forced.
    /// </summary>
    public LinearChoice Linear { get; }

    /// <summary>Tokens so far, prompt and answers together.</summary>
    public int Position => _tokens.Count;

    /// <summary>The ids of all tokens so far; a view that changes with the session.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>What the asynchronized softmax counted in this session; waits for the device.</summary>
    public SoftmaxStats ReadSoftmaxStats()
    {
        using Use use = Enter();
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

    internal Lifetime Lifetime => _lifetime;

    /// <summary>Forgets all tokens. The KV cache's memory goes back to the model.</summary>
    public void Reset() => Truncate(0);

    /// <summary>Forgets the tokens from <paramref name="position"/> on, and gives the memory of their keys and values back.</summary>
    /// <param name="position">How many tokens stay: 0 to <see cref="Position"/>.</param>
    public void Truncate(int position)
    {
        using Use use = Enter();
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position);
        if (_decode.Pending > 0)
        {
            _decode.Drain(Cancel(default));
        }

        _tokens.RemoveRange(position, Position - position);
        _cached = Math.Min(_cached, position);
        _cache.Truncate(_cached);
        _logitsReady = false;
        _running = null;
        _drawn = 0;
        _answer = null;
    }

    /// <summary>
    /// Makes a second session with the same tokens; both go on independently. They share the KV cache's pages, but for the last, which
    /// who writes it first copies.
    /// </summary>
    /// <returns>The new session, owned by the caller.</returns>
    public Session Fork() => Fork(_options);

    /// <param name="options">How the new session is created; of the same capacity and type of cache.</param>
    internal Session Fork(SessionOptions options)
    {
        using Use use = Enter();
        var fork = new Session(Model, options with { Capacity = Capacity, KvType = _options.KvType });
        try
        {
            fork._cache.Share(_cache, _cached);
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
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for their keys and values.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public void Append(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        using Use use = Enter();
        AppendCore(tokens, Cancel(cancellationToken));
    }

    /// <summary>
    /// Chooses the next token on the device and appends it. Blocking; allocates nothing. Needs at least one token in the session.
    /// </summary>
    /// <param name="sampling">How to choose; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait; the token is then not appended.</param>
    /// <returns>The id.</returns>
    /// <exception cref="InvalidOperationException">The session is empty.</exception>
    /// <exception cref="ContextLengthExceededException">The session has as many tokens as its capacity.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for its keys and values; no token was appended.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public int NextToken(SamplingOptions? sampling = null, CancellationToken cancellationToken = default)
    {
        using Use use = Enter();
        _answer = null;
        return NextTokenCore(sampling ?? DefaultSampling, 1, cancellationToken);
    }

    /// <summary>Reads the logits of the last token processed by <see cref="Append"/> or by a step of <see cref="NextToken"/>.</summary>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    internal void ReadLogits(Span<float> logits)
    {
        using Use use = Enter();
        _decode.ReadLogits(logits);
    }

    private static readonly SamplingOptions DefaultSampling = new();

    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Steps to keep under way, up to <see cref="DecodeRunner.MaxInFlight"/>; 1 with a grammar.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="grammar">Says which tokens may be chosen; null: all.</param>
    internal int NextTokenCore(SamplingOptions sampling, int depth, CancellationToken cancellation, GrammarMatcher? grammar = null)
    {
        Cancellation either = Cancel(cancellation);
        PrepareRun(sampling, grammar is not null, either);
        if (grammar is not null)
        {
            FillMask(grammar, either);
        }

        RequireSpace();
        SubmitUpTo(depth, either);
        return TakeToken(either);
    }

    private void FillMask(GrammarMatcher grammar, Cancellation cancellation)
    {
        using CancellationTokenSource either = cancellation.Link();
        try
        {
            grammar.FillMask(_decode.Mask, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfRequested();
            throw;
        }
    }

    private void StartRun(SamplingOptions sampling, bool masked, Cancellation cancellation)
    {
        _running = null;
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

        _decode.Reset(CollectionsMarshal.AsSpan(_tokens), Model.WithoutSuppressed(sampling), masked, _seed, _drawn, cancellation);
        (_running, _runningMasked) = (sampling, masked);
    }

    private void AppendCore(ReadOnlySpan<int> tokens, Cancellation cancellation)
    {
        int before = BeginAppend(tokens);
        try
        {
            RunPending(cancellation);
        }
        catch
        {
            Rollback(before);
            throw;
        }
    }

    /// <summary>Appends tokens that are yet to be processed; returns how many there were before.</summary>
    private int BeginAppend(ReadOnlySpan<int> tokens)
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
        _answer = null;
        _drawn = 0;
        return before;
    }

    /// <summary>Takes appended tokens back. Whatever was written beyond the old end is overwritten before it is read.</summary>
    private void Rollback(int before)
    {
        _tokens.RemoveRange(before, _tokens.Count - before);
        _cached = Math.Min(_cached, before);
        _logitsReady = false;
    }

    /// <summary>
    /// Takes pages for positions up to <paramref name="end"/>, of which those from <paramref name="first"/> on will be written.
    /// </summary>
    private void Reserve(int first, int end, Cancellation cancellation)
    {
        if (_cache.MustCopy(first))
        {
            _decode.WaitForAll(cancellation);
        }

        _cache.Reserve(first, end);
    }

    /// <summary>Processes every token that is not in the cache; leaves the logits of the last one.</summary>
    private void RunPending(Cancellation cancellation)
    {
        ReadOnlySpan<int> pending = CollectionsMarshal.AsSpan(_tokens)[_cached..];
        Reserve(_cached, _tokens.Count, cancellation);
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
                    Transformer.RecordHead(commands, Model.RowActivations.Row(rows - 1), _decode.Normed, _decode.Logits);
                }
            }, cancellation);
            LastPrefillGpuMicroseconds = prefill.LastGpuMicroseconds;
        }

        _cached = _tokens.Count;
        _logitsReady = true;
    }
}

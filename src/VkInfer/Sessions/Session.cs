using System.Runtime.InteropServices;
using VkInfer.Engine;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// One sequence of tokens on a model's engine, which serves all sessions of the model together. Different sessions run in parallel; one
/// session serves one caller at a time and throws <see cref="InvalidOperationException"/> otherwise. Between calls it holds the pages of
/// its keys and values until somebody else needs them, and no thread; they are given back when it is disposed, or forgotten and collected.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread, before or after its model, and from inside its own callbacks. What runs then is
/// cancelled, and its callers get <see cref="ObjectDisposedException"/>, as does every later call.
/// </remarks>
public sealed partial class Session : IDisposable, IAsyncDisposable
{
    private static readonly SamplingOptions DefaultSampling = new();

    private readonly SessionOptions _options;
    private readonly List<int> _tokens = [];
    private readonly SessionEngine _engine;
    private readonly SessionSequence _sequence;
    private readonly Lifetime _lifetime;
    private ulong _seed;
    private int _drawn;

    internal Session(Model model, SessionOptions options, SessionEngine? engine = null)
    {
        using Lifetime.Lease lease = model.Lifetime.Enter();
        Model = model;
        Capacity = options.Capacity ?? model.ContextLength;
        if (Capacity < 1 || Capacity > model.ContextLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), Capacity, $"Capacity must be from 1 to the {model.ContextLength} tokens the model was loaded with.");
        }

        options.Sampling?.Validate();
        options.Sampling?.CheckVocabulary(model.Config.VocabSize);
        _options = options with { Capacity = Capacity };
        Linear = options.Linear ?? model.Options.Linear;
        Softmax = options.Softmax is { } choice ? SoftmaxPlan.For(choice, model.Config.NumLayers, model.Calibration) : model.Softmax;
        _engine = engine ?? model.EngineFor(options.KvType ?? model.Options.KvType, options.Softmax, Linear);
        _sequence = new SessionSequence(_engine);
        _lifetime = Begin(_sequence, model.Lifetime);
    }

    /// <summary>The model this session belongs to. Disposing it disposes the session.</summary>
    public Model Model { get; }

    /// <summary>Tokens that the session may have. No memory is reserved for them: the KV cache grows with the session.</summary>
    public int Capacity { get; }

    /// <summary>How attention accumulates its softmax in this session.</summary>
    internal SoftmaxPlan Softmax { get; }

    /// <summary>
    /// Which implementation linear layers use in this session. Products with one token's are fused where it is not forced.
    /// </summary>
    internal LinearChoice Linear { get; }

    /// <summary>Tokens so far, prompt and answers together.</summary>
    public int Position => _tokens.Count;

    /// <summary>The ids of all tokens so far: a copy.</summary>
    public IReadOnlyList<int> Tokens => [.. _tokens];

    /// <summary>
    /// What the asynchronized softmax counted in this session while it kept its place in the engine; waits for the engine.
    /// </summary>
    internal SoftmaxStats ReadSoftmaxStats()
    {
        using Use use = Enter();
        return Invoke((_, _) => _engine.Executor.ReadSoftmaxStats(_sequence.Sequence));
    }

    /// <summary>The ids of all tokens so far, until the session is used again.</summary>
    internal ReadOnlySpan<int> TokenSpan => CollectionsMarshal.AsSpan(_tokens);

    internal Lifetime Lifetime => _lifetime;

    internal SessionEngine Engine => _engine;

    /// <summary>Forgets all tokens, and gives the pages of their keys and values back.</summary>
    public void Reset() => Truncate(0);

    /// <summary>Forgets the tokens from <paramref name="position"/> on, and gives the pages of their keys and values back.</summary>
    /// <param name="position">How many tokens stay: 0 to <see cref="Position"/>.</param>
    public void Truncate(int position)
    {
        using Use use = Enter();
        TruncateCore(position);
    }

    /// <summary>Truncates the session to what it shares with a prompt; returns what is left of that to process: a token or more.</summary>
    internal int[] KeepCommonPrefix(int[] prompt)
    {
        using Use use = Enter();
        int shared = prompt.AsSpan(0, Math.Max(prompt.Length - 1, 0)).CommonPrefixLength(CollectionsMarshal.AsSpan(_tokens));
        TruncateCore(shared);
        return prompt[shared..];
    }

    private void TruncateCore(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position);
        EndRun();
        CollectionsMarshal.SetCount(_tokens, position);
        _drawn = 0;
        Invoke((scheduler, _) => _sequence.Truncate(scheduler, position));
    }

    /// <summary>
    /// Makes a second session with the same tokens; both go on independently. They share the KV cache's pages, but for the last, which
    /// who writes it first copies.
    /// </summary>
    /// <returns>The new session, owned by the caller.</returns>
    public Session Fork() => Fork(_options);

    /// <param name="options">How the new session is created; with the same cache and softmax it shares the pages.</param>
    internal Session Fork(SessionOptions options)
    {
        using Use use = Enter();
        EndRun();
        var fork = new Session(Model, options with { Capacity = Capacity, KvType = _options.KvType });
        try
        {
            fork._tokens.AddRange(_tokens);
            if (ReferenceEquals(fork._engine, _engine))
            {
                Invoke((scheduler, pool) => _sequence.Fork(scheduler, pool, fork._sequence, _tokens.Count));
            }
            else
            {
                // Another engine cannot share pages: it computes all tokens when they are needed.
                fork._sequence.Sequence.AddPrompt(CollectionsMarshal.AsSpan(_tokens));
            }

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
        int before = BeginAppend(tokens);
        try
        {
            Process(tokens.ToArray(), before, keepsLogits: true, logits: null, Cancel(cancellationToken));
        }
        catch
        {
            Rollback(before);
            throw;
        }
    }

    /// <summary>
    /// Chooses the next token on the device and appends it. Blocking; allocates nothing on this thread. Needs at least one token in the
    /// session.
    /// </summary>
    /// <param name="sampling">
    /// How to choose, over <see cref="SessionOptions.Sampling"/>; null: as that says. One that is equal to the call's before costs nothing.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the token is then not appended.</param>
    /// <returns>The id.</returns>
    /// <exception cref="InvalidOperationException">The session is empty.</exception>
    /// <exception cref="ContextLengthExceededException">The session has as many tokens as its capacity.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for its keys and values; no token was appended.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public int NextToken(SamplingOptions? sampling = null, CancellationToken cancellationToken = default)
    {
        using Use use = Enter();
        return NextTokenCore(sampling ?? DefaultSampling, 1, cancellationToken);
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

        EndRun();
        int before = _tokens.Count;
        _tokens.AddRange(tokens);
        _drawn = 0;
        return before;
    }

    /// <summary>Takes appended tokens back.</summary>
    private void Rollback(int before) => CollectionsMarshal.SetCount(_tokens, before);

    /// <summary>Has the engine compute tokens that were appended, and waits for that.</summary>
    private void Process(ReadOnlyMemory<int> tokens, int before, bool keepsLogits, SharedRows? logits, Cancellation cancellation)
    {
        logits?.Hold();
        var run = new TokenRun(isSingle: true) { Ended = logits is null ? null : logits.Release };
        var request = new EngineRequest(_sequence.Sequence, run)
        {
            Length = before,
            Prompt = tokens,
            ContextLength = Capacity,
            Selection = null,
            KeepsLogits = keepsLogits,
            LogitsTarget = logits is null ? null : new LogitsTarget(logits.Buffer, before),
            KeepsPages = true,
        };
        try
        {
            Start(request);
        }
        catch
        {
            logits?.Release();
            throw;
        }

        try
        {
            run.WaitForToken(cancellation);
            _promptMicroseconds = request.PromptMicroseconds;
        }
        catch
        {
            _sequence.Cancel();
            cancellation.ThrowIfRequested();
            throw;
        }
    }

    /// <summary>How tokens are chosen from here on.</summary>
    private TokenSelection Select(SamplingOptions sampling, bool masked)
    {
        sampling = _options.Sampling is { } own ? sampling.Over(own) : sampling;
        if (_drawn == 0)
        {
            _seed = Model.SeedOf(sampling);
        }

        return Model.Select(sampling, _seed, _drawn, masked);
    }
}

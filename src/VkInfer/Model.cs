using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using VkInfer.Answers;
using VkInfer.Embeddings;
using VkInfer.Engine.Cache;
using VkInfer.Grammar;
using VkInfer.Grammar.Tokens;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Tokenization;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// A language model on a Vulkan device. Thread-safe: sessions may be created, used and disposed from any thread. Owns its device
/// memory until disposed, or until it and its sessions are forgotten and collected. Models on one GPU share its device.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread, before or after its sessions, and from inside its own callbacks. What runs then is
/// cancelled, and its callers get <see cref="ObjectDisposedException"/>, as does every later call on the model, its sessions and its
/// batches.
/// </remarks>
public sealed partial class Model : IDisposable, IAsyncDisposable
{
    private readonly SharedDevice _device;
    private readonly TransformerWeights _weights;
    private readonly Tokenizer? _tokenizer;
    private readonly IReadOnlyList<DenseModule> _dense;
    private readonly Lazy<ChatTemplate> _chatTemplate;
    private readonly Lazy<AnswerFormat> _answerFormat;
    private readonly Lazy<TokenTrie> _tokenTrie;
    private readonly ConditionalWeakTable<CompiledGrammar, TokenMasks> _masks = [];
    private readonly ConcurrentDictionary<LinearChoice, DecoderTransformer> _transformers = [];

    internal Model(ModelParts parts)
    {
        Name = parts.Name;
        Config = parts.Config;
        Options = parts.Options;
        ContextLength = parts.Options.ResolveContextLength(parts.Config);
        _tokenizer = parts.Text?.Tokenizer;
        _dense = parts.Text?.Dense ?? [];
        _tokenTrie = new(CreateTokenTrie);
        RecommendedSampling = parts.Text?.Sampling ?? new SamplingOptions();
        ChatTemplateSource = parts.Text?.ChatTemplate;
        _chatTemplate = parts.ChatTemplate;
        _answerFormat = new(() => AnswerFormat.Of(ChatTemplateSource, Tokenizer));
        _device = parts.Device;
        Gpu = parts.Device.Gpu;
        _weights = parts.Weights;
        Kernels = parts.Kernels;
        Transformer = new DecoderTransformer(Config, _weights, Kernels);
        Fingerprint = parts.Fingerprint;
        _selfTest = parts.SelfTest;
        Calibration = parts.Calibration;
        Softmax = SoftmaxPlan.For(Options.Softmax, Config.NumLayers, Calibration);
        RowActivations = new RowActivations(
            Gpu, Config, Options.StepRows(Config), MatrixTypes);
        try
        {
            Gpu.Wait(Gpu.RunOnce("rows.clear", RowActivations.RecordClear));
            KvStores = new KvStores(Gpu, Config);
            KvStores.Of(Options.KvType);
            Lifetime = Begin(parts.SelfTest, RowActivations, KvStores, _weights, _device);
        }
        catch
        {
            RowActivations.Dispose();
            throw;
        }
    }

    /// <summary>A model that was forgotten gives its memory back.</summary>
    ~Model() => Lifetime?.DisposeLater();

    /// <summary>The model's name as its file gives it, or the file's name.</summary>
    public string Name { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Positions a session can hold, in tokens.</summary>
    public int ContextLength { get; }

    /// <summary>The model's tokenizer.</summary>
    /// <exception cref="UnsupportedModelException">The model has none: it is synthetic, or a folder without its files.</exception>
    public Tokenizer Tokenizer =>
        _tokenizer ?? throw new UnsupportedModelException($"{Name} has no tokenizer: it works on token ids only.");

    /// <summary>How conversations become tokens: the Jinja template of the model's files, or ChatML where they have none.</summary>
    /// <exception cref="ChatTemplateException">
    /// The files' template cannot be parsed. ChatML does not stand in for it: a model asked in a format that is not its own answers
    /// worse without a word.
    /// </exception>
    public ChatTemplate ChatTemplate => _chatTemplate.Value;

    /// <summary>
    /// Whether the model is made for conversations: its files have a chat template, or its vocabulary the markers of ChatML.
    /// </summary>
    public bool IsChatModel => _tokenizer is not null
        && (!string.IsNullOrWhiteSpace(ChatTemplateSource) || _tokenizer.TryGetSpecialTokenId("<|im_start|>", out _));

    /// <summary>The chat template that the model's files hold, as Jinja source; null where they hold none. It is not trusted.</summary>
    public string? ChatTemplateSource { get; }

    /// <summary>How the model writes what it thinks and what it calls, by its chat template and its vocabulary.</summary>
    /// <exception cref="UnsupportedModelException">The model has no tokenizer.</exception>
    public AnswerFormat AnswerFormat => _answerFormat.Value;

    /// <summary>
    /// How the model's files say that tokens are to be chosen (<c>generation_config.json</c>, <c>general.sampling.*</c> of GGUF); unset
    /// where they say nothing. It lies under the options of sessions and calls, and over <see cref="SamplingOptions.Default"/>.
    /// </summary>
    public SamplingOptions RecommendedSampling { get; }

    /// <summary>How attention accumulates its softmax, unless a session asks for something else.</summary>
    internal SoftmaxPlan Softmax { get; }

    /// <summary>The device the model is on.</summary>
    public PhysicalDeviceInfo Device => Gpu.Info;

    /// <summary>Device memory taken by the weights, in bytes.</summary>
    public long WeightBytes => _weights.SizeInBytes;

    /// <summary>
    /// Messages of the Vulkan validation layers since the model was loaded, about all models that are loaded so; empty unless
    /// <see cref="ModelOptions.Validation"/> is on.
    /// </summary>
    public IReadOnlyList<string> ValidationMessages => _device.ValidationMessages;

    /// <summary>What tells this model's file from others; null for a synthetic model.</summary>
    internal string? Fingerprint { get; }

    internal SoftmaxCalibration? Calibration { get; }

    internal Lifetime Lifetime { get; }

    internal ModelOptions Options { get; }

    /// <summary>Whether equal prefixes share pages; in an encoder keys depend on the tokens behind them.</summary>
    internal bool SharesPrefixes => Options.PrefixCaching && !Config.IsEncoder;

    internal GpuDevice Gpu { get; }

    internal KernelSet Kernels { get; }

    internal DecoderTransformer Transformer { get; }

    internal RowActivations RowActivations { get; }

    /// <summary>How matrix products of this model take their inputs.</summary>
    internal IEnumerable<ActivationType> MatrixTypes => Kernels.TypesOf(_weights);

    /// <summary>Where sessions take the pages of their keys and values from.</summary>
    internal KvStores KvStores { get; }

    /// <summary>Creates a session with its own KV cache.</summary>
    /// <param name="options">How; null: the defaults.</param>
    /// <returns>The session, owned by the caller.</returns>
    /// <exception cref="UnsupportedModelException">The model is an encoder, which generates nothing.</exception>
    /// <exception cref="DeviceSelfTestException">The device computes wrong results with keys and values of the session's type.</exception>
    /// <exception cref="OutOfDeviceMemoryException">Its buffers do not fit; its KV cache takes memory as it gets longer.</exception>
    public Session CreateSession(SessionOptions? options = null)
    {
        Lifetime.ThrowIfClosed();
        RequireDecoder();
        return new Session(this, options ?? new SessionOptions());
    }

    /// <summary>Creates a session that goes on where a saved one stood; see <see cref="Session.Save"/>.</summary>
    /// <param name="path">The file. One to be trusted: other sessions whose tokens begin the same share what it holds.</param>
    /// <param name="options">How; null: the defaults. The type of the KV cache must be that of the file.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The session, owned by the caller.</returns>
    /// <exception cref="SessionFileException">The file is damaged, or of another version, model or type of KV cache.</exception>
    /// <exception cref="ContextLengthExceededException">It has more tokens than the session's capacity.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public Session LoadSession(string path, SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Session session = CreateSession(options);
        try
        {
            session.Load(path, cancellationToken);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Lets sessions advance together, so that each step reads the weights once for all of them.</summary>
    /// <param name="sessions">Sessions of this model, each once. They stay the caller's.</param>
    /// <returns>The batch, owned by the caller; it ends with any of its sessions.</returns>
    /// <exception cref="ArgumentException">No sessions, one twice, or one of another model.</exception>
    /// <exception cref="OutOfDeviceMemoryException">Its buffers do not fit.</exception>
    public SessionBatch CreateBatch(params ReadOnlySpan<Session> sessions)
    {
        Lifetime.ThrowIfClosed();
        return new SessionBatch(this, sessions);
    }

    /// <summary>Cancels what runs on the model, its sessions and its batches, waits for its end, and frees all of them.</summary>
    public void Dispose()
    {
        Lifetime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking: the end begins now, the task completes when the memory is free.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Lifetime.DisposeAsync();
    }

    /// <summary>Starts a constrained text. Masks are shared by all sessions that use the grammar, as long as it lives.</summary>
    internal GrammarMatcher CreateMatcher(CompiledGrammar grammar, bool allowEnd) =>
        new(_masks.GetValue(grammar, key => new TokenMasks(key, _tokenTrie.Value)), allowEnd);

    // Apart from the constructor: what frees the model must not know it, or it would never be collected.
    private static Lifetime Begin(
        ModelSelfTest selfTest, RowActivations activations, KvStores stores, TransformerWeights weights,
        SharedDevice device) => new(
        nameof(Model),
        () =>
        {
            selfTest.AtExit();
            activations.Dispose();
            weights.Dispose();
            device.Gpu.Settle();

            // Pages are reached by address: only now is nobody at work with them.
            stores.Dispose();
            device.Gpu.Settle();
            device.Dispose();
        });

    private TokenTrie CreateTokenTrie()
    {
        // The model may have more rows than the tokenizer has tokens; those are never chosen.
        int count = Math.Min(Tokenizer.VocabSize, Config.VocabSize);
        var tokens = new ReadOnlyMemory<byte>[count];
        for (int id = 0; id < count; id++)
        {
            tokens[id] = Tokenizer.IsControl(id) || id == Tokenizer.UnknownTokenId ? default : Tokenizer.GetTokenBytes(id).ToArray();
        }

        return new TokenTrie(
            tokens, Tokenizer.EndOfGenerationTokenIds.Where(id => id < count),
            Enumerable.Range(0, count).Where(Tokenizer.IsControl)
                .Select(id => KeyValuePair.Create(id, Encoding.UTF8.GetString(Tokenizer.GetTokenBytes(id)))));
    }

    /// <summary>The same weights with other linear layers.</summary>
    internal DecoderTransformer TransformerFor(LinearChoice choice) => choice == Options.Linear
        ? Transformer
        : _transformers.GetOrAdd(choice, _ => new DecoderTransformer(
            Config, _weights,
            new KernelSet(Kernels.Context with { Linear = Kernels.Context.Linear with { Forced = LinearTuningFile.FormOf(choice) } })));

    /// <summary>The same without the tokens that the model's files say are never to be chosen.</summary>
    internal SamplingParameters WithoutSuppressed(SamplingParameters sampling) =>
        _tokenizer is { SuppressedTokenIds: { Count: > 0 } suppressed }
            ? sampling with { LogitBias = sampling.LogitBias.Excluding(suppressed) }
            : sampling;

    /// <summary>Refuses what an encoder cannot do.</summary>
    internal void RequireDecoder()
    {
        if (Config.IsEncoder)
        {
            throw new UnsupportedModelException(
                $"{Name} is an encoder ({Config.Architecture}): it makes embeddings (EmbedAsync) and generates no text.");
        }
    }

    internal void CheckTokens(ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)Config.VocabSize)
            {
                throw new ArgumentException($"Token {i} is {tokens[i]}; expected 0 to {Config.VocabSize - 1}.", nameof(tokens));
            }
        }
    }
}

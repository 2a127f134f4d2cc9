using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VkInfer.Vulkan;

namespace VkInfer.Extensions.AI;

/// <summary>
/// Embeddings of a model of VkInfer behind <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>: pooled as the model's files say, of
/// length 1. Texts go through the engine together. Thread-safe. The model is loaded by the first call.
/// </summary>
/// <remarks>
/// <see cref="EmbeddingGenerationOptions.Dimensions"/> keeps leading elements (Matryoshka representations), and
/// <see cref="EmbeddingGenerationOptions.RawRepresentationFactory"/> may give <see cref="EmbeddingOptions"/> to start from. What else an
/// option asks for is refused with <see cref="NotSupportedException"/>.
/// </remarks>
public sealed class VkInferEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>, IAsyncDisposable
{
    /// <summary>Texts that are processed at a time: more only take memory while they wait.</summary>
    private const int Together = 256;

    private readonly ModelHost _host;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly string? _configuredModel;

    /// <summary>A generator that loads its model when it is first needed, and owns it.</summary>
    /// <param name="options">Which model, and how; what they say of answers has no effect. Null: the defaults.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <param name="store">Where a name like <c>hf:owner/repo</c> is looked up; null: the default store.</param>
    /// <exception cref="ArgumentException">An option is not allowed.</exception>
    public VkInferEmbeddingGenerator(
        VkInferOptions? options = null, ILoggerFactory? loggerFactory = null, ModelStore? store = null)
    {
        options = options is null ? new VkInferOptions() : options with { };
        options.Validate();
        _configuredModel = options.Model;
        _metadata = Describe(ModelSourceName.IdOf(options.Model ?? Model.DefaultModelPath), null);
        ILogger logger = Logger(loggerFactory);
        _host = new ModelHost(
            (progress, end) => ModelHost.LoadAsync(options, logger, store, progress, end), ownsModel: true, logger);
    }

    /// <summary>A generator of a model that is loaded, and stays the caller's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    public VkInferEmbeddingGenerator(Model model, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _metadata = Describe(model.Name, model.EmbeddingSize);
        _host = new ModelHost((_, _) => Task.FromResult(model), ownsModel: false, Logger(loggerFactory));
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">An option asks for what the runtime does not have; the message names it.</exception>
    /// <exception cref="ArgumentException">An option's value is not allowed, or a text has no tokens.</exception>
    /// <exception cref="ContextLengthExceededException">A text does not fit.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        if (Array.Exists(texts, text => text is null))
        {
            throw new ArgumentException("A text is null.", nameof(values));
        }

        Model model = await _host.GetAsync(cancellationToken).ConfigureAwait(false);
        EmbeddingOptions asked = Read(model, options);
        asked.Validate(model.EmbeddingSize);

        // Encoding takes a while: not on the caller's thread.
        int[][] tokens = await Task.Run(
            () => Array.ConvertAll(texts, text => model.Tokenizer.Encode(text)), cancellationToken).ConfigureAwait(false);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _host.Closing);
        var result = new GeneratedEmbeddings<Embedding<float>>(texts.Length);
        try
        {
            foreach (int[][] part in tokens.Chunk(Together))
            {
                foreach (float[] vector in await EmbedAsync(model, part, asked, end).ConfigureAwait(false))
                {
                    result.Add(new Embedding<float>(vector) { ModelId = model.Name, CreatedAt = DateTimeOffset.UtcNow });
                }
            }
        }
        catch (OperationCanceledException problem)
        {
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(problem.Message, problem, cancellationToken)
                : new ObjectDisposedException(nameof(VkInferEmbeddingGenerator));
        }
        catch (DeviceLostException problem)
        {
            _host.Lose(model, problem);
            throw;
        }

        int count = tokens.Sum(text => text.Length);
        result.Usage = new UsageDetails { InputTokenCount = count, TotalTokenCount = count };
        return result;
    }

    /// <summary>
    /// Gives this generator, its <see cref="EmbeddingGeneratorMetadata"/>, or its <see cref="Model"/> once that is loaded.
    /// </summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType == typeof(Model) ? _host.Loaded
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Ends what runs, and the model where it is the generator's.</summary>
    public void Dispose() => _host.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static ILogger Logger(ILoggerFactory? factory) =>
        (factory ?? NullLoggerFactory.Instance).CreateLogger<VkInferEmbeddingGenerator>();

    private static EmbeddingGeneratorMetadata Describe(string id, int? dimensions) =>
        new(ChatTelemetry.Provider, defaultModelId: id, defaultModelDimensions: dimensions);

    /// <summary>The embeddings of some texts; where one fails, the others end as well.</summary>
    private static async Task<float[][]> EmbedAsync(Model model, int[][] texts, EmbeddingOptions options, CancellationTokenSource end)
    {
        Task<float[]>[] running = Array.ConvertAll(texts, text => model.EmbedAsync(text, options, end.Token));
        foreach (Task<float[]> one in running)
        {
            try
            {
                await one.ConfigureAwait(false);
            }
            catch
            {
                await end.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(running).ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
                    .ConfigureAwait(false);
                throw;
            }
        }

        return await Task.WhenAll(running).ConfigureAwait(false);
    }

    private EmbeddingOptions Read(Model model, EmbeddingGenerationOptions? options)
    {
        if (options is null)
        {
            return new EmbeddingOptions();
        }

        if (options.AdditionalProperties is { Count: > 0 } others)
        {
            throw new NotSupportedException($"The additional property '{others.First().Key}' is not supported.");
        }

        if (options.ModelId is { } id && id != model.Name && id != _configuredModel && id != _metadata.DefaultModelId)
        {
            throw new NotSupportedException($"ModelId is '{id}'; this generator has the model '{model.Name}' only.");
        }

        EmbeddingOptions start = options.RawRepresentationFactory?.Invoke(this) switch
        {
            null => new EmbeddingOptions(),
            EmbeddingOptions given => given,
            { } other => throw new NotSupportedException(
                $"RawRepresentationFactory gave {other.GetType().Name}; expected {nameof(EmbeddingOptions)}."),
        };
        return options.Dimensions is { } dimensions ? start with { Dimensions = dimensions } : start;
    }
}

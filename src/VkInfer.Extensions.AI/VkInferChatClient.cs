using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace VkInfer.Extensions.AI;

/// <summary>
/// A model of VkInfer as an <see cref="IChatClient"/>. Stateless: each call brings its whole conversation, and what the beginning of it has
/// in common with earlier ones is not computed again. Thread-safe; any number of calls run together. The model is loaded by the first call.
/// </summary>
/// <remarks>
/// Every member of <see cref="ChatOptions"/> is honoured or refused with <see cref="NotSupportedException"/>, none is ignored;
/// <see cref="ChatOptions.RawRepresentationFactory"/> may give a <see cref="GenerationOptions"/> to start from. Texts of
/// messages never count as control tokens. Disposing ends what runs, whose callers get <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class VkInferChatClient : IChatClient, IAsyncDisposable
{
    private readonly ModelHost _host;
    private readonly GenerationOptions _defaults;
    private readonly ChatClientMetadata _metadata;
    private readonly ILogger _logger;
    private readonly string? _configuredModel;

    /// <summary>A client that loads its model when it is first needed, and owns it.</summary>
    /// <param name="options">Which model, and how; null: the defaults. Later changes of it have no effect.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <param name="store">Where a name like <c>hf:owner/repo</c> is looked up; null: the default store.</param>
    /// <exception cref="ArgumentException">An option is not allowed.</exception>
    public VkInferChatClient(VkInferOptions? options = null, ILoggerFactory? loggerFactory = null, ModelStore? store = null)
        : this(options, loggerFactory, null, store)
    {
    }

    /// <summary>A client of a model that is loaded, and stays the caller's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How to answer; what it says of loading has no effect. Null: the defaults.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <exception cref="ArgumentException">An option is not allowed.</exception>
    public VkInferChatClient(Model model, VkInferOptions? options = null, ILoggerFactory? loggerFactory = null)
        : this(options, loggerFactory, model ?? throw new ArgumentNullException(nameof(model)), null)
    {
    }

    private VkInferChatClient(VkInferOptions? options, ILoggerFactory? loggerFactory, Model? model, ModelStore? store)
    {
        options = options is null ? new VkInferOptions() : options with { };
        options.Validate();
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<VkInferChatClient>();
        _defaults = options.ToGenerationOptions();
        _configuredModel = options.Model;
        string id = model?.Name ?? ModelSourceName.IdOf(options.Model ?? Model.DefaultModelPath);
        _metadata = new ChatClientMetadata(ChatTelemetry.Provider, defaultModelId: id);
        _host = new ModelHost(
            (progress, end) => model is not null ? Task.FromResult(model) : ModelHost.LoadAsync(options, _logger, store, progress, end),
            ownsModel: model is null, _logger);
    }

    internal ModelHost Host => _host;

    /// <summary>Stands in for what the model has to do with text, where another family's format is tried.</summary>
    internal ModelText? Text { get; init; }

    /// <summary>Stands in for the model, where an answer is scripted; null: the model answers.</summary>
    internal Func<ChatRequest, IAsyncEnumerable<GenerationUpdate>>? Generate { get; init; }

    /// <summary>Loads the model now, unless it is loaded.</summary>
    /// <param name="progress">Told how far downloading and loading have come.</param>
    /// <param name="cancellationToken">Ends the wait; the model goes on loading for others.</param>
    /// <returns>The model, which stays the client's.</returns>
    public async Task<Model> LoadAsync(IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Action<LoadProgress>? report = progress is null ? null : progress.Report;
        _host.Progress += report;
        try
        {
            return await _host.GetAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _host.Progress -= report;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">
    /// A message or an option asks for what the runtime does not have; the message names it.
    /// </exception>
    /// <exception cref="ArgumentException">An option's value is not allowed.</exception>
    /// <exception cref="ContextLengthExceededException">The conversation does not fit.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in StreamAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
        }

        ChatResponse response = updates.ToChatResponse();
        GenerationUpdate? last = updates.LastOrDefault()?.RawRepresentation as GenerationUpdate;
        response.RawRepresentation = last;
        foreach (ChatMessage message in response.Messages)
        {
            message.RawRepresentation = last;
        }

        return response;
    }

    /// <inheritdoc/>
    /// <inheritdoc cref="GetResponseAsync" path="/exception"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync(messages, options, cancellationToken);
    }

    /// <summary>Gives this client, its <see cref="ChatClientMetadata"/>, or its <see cref="Model"/> once that is loaded.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(Model) ? _host.Loaded
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Ends what runs, and the model where it is the client's.</summary>
    public void Dispose() => _host.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string responseId = NewId(), messageId = NewId();
        using var operation = ChatOperation.Begin(options?.ModelId ?? _metadata.DefaultModelId!, options, _logger);
        await using RunningAnswer answer =
            await operation.Watch(StartAsync(operation, messages, options, cancellationToken)).ConfigureAwait(false);
        while (await operation.Watch(answer.MoveNextAsync()).ConfigureAwait(false))
        {
            GenerationUpdate update = answer.Current;
            string modelId = answer.ModelId;
            List<AIContent> contents = answer.Reader.Read(update);
            operation.HasCalls = answer.Reader.HasCalls;
            operation.Take(update);
            if (contents.Count == 0 && update.LogProbabilities.Count == 0 && update.FinishReason is null)
            {
                continue; // A token that is no whole character yet, or a marker, or part of a call.
            }

            var part = new ChatResponseUpdate(ChatRole.Assistant, contents)
            {
                ResponseId = responseId,
                MessageId = messageId,
                ModelId = modelId,
                CreatedAt = DateTimeOffset.UtcNow,
                FinishReason = update.FinishReason is { } reason ? Answers.ToFinishReason(reason, answer.Reader.HasCalls) : null,
                RawRepresentation = update,
            };
            if (update.Usage is { } usage)
            {
                part.Contents.Add(new UsageContent(Answers.ToUsage(usage, answer.Reader.ReasoningTokens)));
            }

            yield return part;
        }
    }

    private async ValueTask<RunningAnswer> StartAsync(
        ChatOperation operation, IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        Model model = await _host.GetAsync(cancellationToken).ConfigureAwait(false);
        string[] ids = [_configuredModel ?? model.Name, _metadata.DefaultModelId!, model.Name];

        // Templates and schemas take a while: not on the caller's thread.
        ChatRequest request = await Task.Run(
            () => ChatRequest.Read(this, ids, Text ?? ModelText.Of(model), _defaults, messages, options), cancellationToken)
            .ConfigureAwait(false);
        operation.Run(model.Name);
        return new RunningAnswer(_host, model, request, Generate, cancellationToken);
    }

    private static string NewId() => Guid.NewGuid().ToString("N");
}

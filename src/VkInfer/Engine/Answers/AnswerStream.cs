namespace VkInfer.Engine.Answers;

/// <summary>
/// What a consumer holds of a request: asks for one update at a time. Disposed or forgotten, it ends the request. Serves one caller at a
/// time.
/// </summary>
internal sealed class AnswerStream : IDisposable
{
    private readonly ModelEngine _engine;
    private readonly EngineRequest _request;
    private readonly AnswerQueue _queue;

    /// <summary>Starts a request whose receiver is a queue.</summary>
    /// <exception cref="ObjectDisposedException">The engine's end has begun.</exception>
    public AnswerStream(ModelEngine engine, EngineRequest request, AnswerQueue queue)
    {
        _engine = engine;
        _request = request;
        _queue = queue;
        queue.Resume = () => engine.Resume(request);
        engine.Start(request);
    }

    /// <summary>Nobody reads it any more.</summary>
    ~AnswerStream() => _engine?.Cancel(_request);

    /// <summary>The next update; null after the last.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled, or the request.</exception>
    /// <exception cref="ObjectDisposedException">The engine's end has begun.</exception>
    public async ValueTask<GenerationUpdate?> NextAsync(CancellationToken cancellationToken = default)
    {
        GenerationUpdate? update = await _queue.ReadAsync(cancellationToken).ConfigureAwait(false);
        GC.KeepAlive(this);
        return update;
    }

    /// <summary>Ends the request, unless it has ended.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _engine.Cancel(_request);
    }
}

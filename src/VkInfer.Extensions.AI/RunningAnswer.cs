using VkInfer.Vulkan;

namespace VkInfer.Extensions.AI;

/// <summary>An answer under way, and the session it has until it ends. For one reader.</summary>
internal sealed class RunningAnswer : IAsyncDisposable
{
    private readonly ModelHost _host;
    private readonly SessionPool _sessions;
    private readonly Session _session;
    private readonly IAsyncEnumerator<GenerationUpdate> _updates;
    private bool _failed;

    public RunningAnswer(
        ModelHost host, SessionPool sessions, Session session, ChatRequest request,
        Func<ChatRequest, IAsyncEnumerable<GenerationUpdate>>? generate, CancellationToken cancellationToken)
    {
        _host = host;
        _sessions = sessions;
        _session = session;
        Reader = new AnswerReader(request.Parser, request.ShowsReasoning);
        _updates = (generate?.Invoke(request) ?? session.GenerateAsync(request.Prompt, request.Generation, cancellationToken))
            .GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>Reads the updates.</summary>
    public AnswerReader Reader { get; }

    public string ModelId => _session.Model.Name;

    public GenerationUpdate Current => _updates.Current;

    public async ValueTask<bool> MoveNextAsync()
    {
        try
        {
            return await _updates.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is not (OperationCanceledException or ArgumentException or ContextLengthExceededException))
        {
            _failed = true; // Whatever it was, the next request starts from a session of its own.
            if (problem is DeviceLostException)
            {
                _host.Lose(_sessions, problem);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync().ConfigureAwait(false);
        _sessions.Return(_session, isSound: !_failed);
    }
}

using VkInfer.Vulkan;

namespace VkInfer.Extensions.AI;

/// <summary>An answer under way; it ends with its caller's token and with the client. For one reader.</summary>
internal sealed class RunningAnswer : IAsyncDisposable
{
    private readonly ModelHost _host;
    private readonly Model _model;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _end;
    private readonly IAsyncEnumerator<GenerationUpdate> _updates;

    public RunningAnswer(
        ModelHost host, Model model, ChatRequest request, Func<ChatRequest, IAsyncEnumerable<GenerationUpdate>>? generate,
        CancellationToken cancellationToken)
    {
        _host = host;
        _model = model;
        _caller = cancellationToken;
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.Closing);
        Reader = new AnswerReader(request.Parser, request.ShowsReasoning);
        _updates = (generate?.Invoke(request) ?? model.GenerateAsync(request.Prompt, request.Generation, _end.Token))
            .GetAsyncEnumerator(_end.Token);
    }

    /// <summary>Reads the updates.</summary>
    public AnswerReader Reader { get; }

    public string ModelId => _model.Name;

    public GenerationUpdate Current => _updates.Current;

    public async ValueTask<bool> MoveNextAsync()
    {
        try
        {
            return await _updates.MoveNextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException problem) when (_caller.IsCancellationRequested)
        {
            throw new OperationCanceledException(problem.Message, problem, _caller);
        }
        catch (OperationCanceledException) when (_host.Closing.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(VkInferChatClient));
        }
        catch (DeviceLostException problem)
        {
            _host.Lose(_model, problem);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>A model that says what a test wants; what it says depends on the last message.</summary>
internal sealed class ScriptedClient(Func<ChatMessage, IEnumerable<AIContent>> answer) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string id = Guid.NewGuid().ToString("N");
        foreach (AIContent content in answer(messages.Last()))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
            yield return new ChatResponseUpdate(ChatRole.Assistant, [content]) { MessageId = id, ResponseId = id };
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
        // It holds nothing.
    }
}

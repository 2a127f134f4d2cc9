using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>The chosen model as the one <see cref="IChatClient"/> of the application. Waits while a model is loaded. Thread-safe.</summary>
/// <param name="models">Holds the model; stays the caller's.</param>
internal sealed class SelectedChatClient(ModelSwitch models) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IChatClient client = await models.GetClientAsync(cancellationToken).ConfigureAwait(false);
        return await client.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IChatClient client = await models.GetClientAsync(cancellationToken).ConfigureAwait(false);
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, options, cancellationToken)
            .ConfigureAwait(false))
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // The model is the switch's.
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Settings;

namespace VkInfer.Samples.Desktop.Chat;

/// <summary>
/// Lets the model answer, one answer for a conversation at a time, any number of conversations together. Thread-safe.
/// </summary>
/// <param name="client">The model.</param>
/// <param name="store">Where conversations are kept.</param>
/// <param name="settings">How to answer.</param>
/// <param name="tools">What the model may call.</param>
/// <param name="logger">Told about what goes wrong.</param>
public sealed partial class ChatRunner(
    IChatClient client, ConversationStore store, SettingsStore settings, LocalTools tools, ILogger<ChatRunner> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, Run> _running = [];
    private readonly ConcurrentDictionary<long, Problem> _problems = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Raised when there is more of an answer, and when it ends; with the conversation's number, from any thread.</summary>
    public event Action<long>? Changed;

    /// <summary>The answer that is being given in a conversation, or null.</summary>
    public RunningAnswer? Running(long conversation) => _running.TryGetValue(conversation, out Run? running) ? running.Answer : null;

    /// <summary>What went wrong with the last answer, or null.</summary>
    public Problem? ProblemOf(long conversation) => _problems.GetValueOrDefault(conversation);

    /// <summary>Begins a conversation.</summary>
    /// <returns>Its number.</returns>
    public long Begin(string text)
    {
        long conversation = store.Create(text);
        Answer(conversation);
        return conversation;
    }

    /// <summary>Goes on with a conversation.</summary>
    public void Send(long conversation, string text)
    {
        if (Running(conversation) is null)
        {
            store.Append(conversation, [new ChatMessage(ChatRole.User, text)]);
            Answer(conversation);
        }
    }

    /// <summary>Puts another message in the place of one of the user's, forgets what came behind it, and answers.</summary>
    public async Task EditAsync(long conversation, int position, string text)
    {
        await StopAsync(conversation).ConfigureAwait(false);
        store.Replace(conversation, position, text);
        Answer(conversation);
    }

    /// <summary>Forgets the last answer, if there is one, and answers again.</summary>
    public async Task RegenerateAsync(long conversation)
    {
        await StopAsync(conversation).ConfigureAwait(false);
        if (store.Messages(conversation).LastOrDefault(message => message.Message.Role == ChatRole.User) is { } question)
        {
            store.Truncate(conversation, question.Position + 1);
            Answer(conversation);
        }
    }

    /// <summary>Ends the answer of a conversation, and waits for that.</summary>
    public async Task StopAsync(long conversation)
    {
        if (_running.TryGetValue(conversation, out Run? running))
        {
            running.Answer.Stop();
            await running.End.ConfigureAwait(false);
        }
    }

    /// <summary>Ends all answers.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        foreach (long conversation in _running.Keys)
        {
            await StopAsync(conversation).ConfigureAwait(false);
        }
    }

    private void Answer(long conversation)
    {
        lock (_lock)
        {
            if (_disposed || _running.ContainsKey(conversation))
            {
                return;
            }

            _problems.TryRemove(conversation, out _);
            var answer = new RunningAnswer();
            var begin = new TaskCompletionSource();
            _running[conversation] = new Run(answer, RunAsync(conversation, answer, begin.Task));
            begin.SetResult();
        }

        Changed?.Invoke(conversation);
    }

    private async Task RunAsync(long conversation, RunningAnswer answer, Task begin)
    {
        await begin.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            string? note = await StreamAsync(conversation, answer).ConfigureAwait(false);
            if (answer.Messages() is { Count: > 0 } messages)
            {
                store.Append(conversation, messages, note);
            }
        }
        catch (Exception problem)
        {
            LogFailure(problem, conversation);
            _problems[conversation] = Problem.Of(problem);
        }
        finally
        {
            _running.TryRemove(conversation, out _);
            answer.Dispose();
            Changed?.Invoke(conversation);
        }
    }

    /// <summary>Asks the model; a failure in the middle keeps what came before.</summary>
    private async Task<string?> StreamAsync(long conversation, RunningAnswer answer)
    {
        try
        {
            ChatMessage[] messages = [.. store.Messages(conversation).Select(stored => stored.Message)];
            ChatOptions options = settings.Current.ToChatOptions(tools.All);
            await foreach (ChatResponseUpdate update in client
                .GetStreamingResponseAsync(messages, options, answer.Stopping).ConfigureAwait(false))
            {
                answer.Add(update);
                Changed?.Invoke(conversation);
            }

            return AnswerNote.Of(answer);
        }
        catch (OperationCanceledException) when (answer.Stopping.IsCancellationRequested)
        {
            return "Stopped.";
        }
        catch (Exception problem) when (answer.Messages().Count > 0)
        {
            LogFailure(problem, conversation);
            _problems[conversation] = Problem.Of(problem);
            return "Cut off.";
        }
    }

    [LoggerMessage(LogLevel.Error, "The answer of conversation {Conversation} failed")]
    private partial void LogFailure(Exception problem, long conversation);

    private sealed record Run(RunningAnswer Answer, Task End);
}

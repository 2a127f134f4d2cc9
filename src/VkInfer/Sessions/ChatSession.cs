using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>
/// A conversation: history and chat template over a <see cref="Session"/>. Only what is new is processed each turn. One caller at
/// a time. Owns its session.
/// </summary>
public sealed class ChatSession : IDisposable
{
    private readonly List<ChatMessage> _history = [];
    private readonly string? _systemPrompt;

    /// <summary>Starts a conversation.</summary>
    /// <param name="model">The model; it must outlive the conversation.</param>
    /// <param name="systemPrompt">Instructions that stand before everything, or null.</param>
    /// <param name="options">How the session is created.</param>
    public ChatSession(Model model, string? systemPrompt = null, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Session = model.CreateSession(options);
        _systemPrompt = systemPrompt;
        Reset();
    }

    /// <summary>The session beneath; owned by this conversation.</summary>
    public Session Session { get; }

    /// <summary>
    /// A JSON object whose members the model's template sees as variables, as <c>tools</c> or <c>enable_thinking</c>; null for none.
    /// </summary>
    public JsonElement? TemplateVariables { get; init; }

    /// <summary>All messages so far.</summary>
    public IReadOnlyList<ChatMessage> History => _history;

    /// <summary>Forgets the conversation; the system prompt stays.</summary>
    public void Reset()
    {
        _history.Clear();
        if (_systemPrompt is not null)
        {
            _history.Add(new ChatMessage(ChatRole.System, _systemPrompt));
        }
    }

    /// <summary>Sends a message and streams the answer; both join the history, a cancelled answer as far as it came.</summary>
    /// <param name="userMessage">The message; control tokens written in it are not recognised (<see cref="ChatTemplate.FromJinja"/>).</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <returns>Updates as they come.</returns>
    /// <exception cref="ContextLengthExceededException">The conversation does not fit; the history is as before.</exception>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation; the history is as before.</exception>
    public async IAsyncEnumerable<GenerationUpdate> SendAsync(
        string userMessage, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(userMessage);
        int before = _history.Count;
        _history.Add(new ChatMessage(ChatRole.User, userMessage));
        var answer = new StringBuilder();
        bool answered = false;
        try
        {
            int[] conversation = Session.Model.ChatTemplate.Render(
                Session.Model.Tokenizer, _history, addGenerationPrompt: true, TemplateVariables);
            int[] tokens = KeepCommonPrefix(conversation);
            await foreach (GenerationUpdate update in Session.GenerateAsync(tokens, options, cancellationToken).ConfigureAwait(false))
            {
                answered = true;
                answer.Append(update.Text);
                yield return update;
            }
        }
        finally
        {
            if (answered)
            {
                _history.Add(new ChatMessage(ChatRole.Assistant, answer.ToString()));
            }
            else
            {
                _history.RemoveRange(before, _history.Count - before);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    /// <summary>Truncates the session to what it shares with the conversation; returns what is left to process.</summary>
    private int[] KeepCommonPrefix(int[] conversation)
    {
        int shared = 0;
        int limit = Math.Min(Session.Position, conversation.Length - 1);
        while (shared < limit && Session.Tokens[shared] == conversation[shared])
        {
            shared++;
        }

        Session.Truncate(shared);
        return conversation[shared..];
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using VkInfer.Answers;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>
/// A conversation: history and chat template over a <see cref="Session"/>. Only what is new is processed each turn. One caller at
/// a time. Owns its session.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread, before or after its model. An answer that comes then is cancelled, and its reader
/// gets <see cref="ObjectDisposedException"/>, as does every later message.
/// </remarks>
public sealed class ChatSession : IDisposable, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<TemplateMessage> _history = [];
    private readonly string? _systemPrompt;

    // The latest message while its answer comes; it joins the history when the answer ends, or when the next message finds it left behind.
    private ChatTurn? _turn;

    /// <summary>Starts a conversation.</summary>
    /// <param name="model">The model. Disposing it ends the conversation.</param>
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

    /// <summary>
    /// All messages that the model is told, an answer under way as far as it has come. Turns that were dropped are gone
    /// (<see cref="ContextOverflow.DropOldestTurns"/>).
    /// </summary>
    public IReadOnlyList<TemplateMessage> History
    {
        get
        {
            lock (_gate)
            {
                return [.. _turn?.After ?? _history];
            }
        }
    }

    /// <summary>How answers are read; that of the model, unless a test says otherwise.</summary>
    internal AnswerFormat Format
    {
        get => field ??= Session.Model.AnswerFormat;
        init;
    }

    /// <summary>Forgets the conversation; the system prompt stays.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _turn = null;
            _history.Clear();
            if (_systemPrompt is not null)
            {
                _history.Add(new TemplateMessage(TemplateRole.System, _systemPrompt));
            }
        }
    }

    /// <summary>Sends a message and streams the answer; both join the history, a cancelled answer as far as it came.</summary>
    /// <param name="userMessage">
    /// The message; control tokens written in it are not recognised (<see cref="ChatTemplate.FromJinja"/>).
    /// </param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <returns>
    /// Updates as they come. Their <see cref="GenerationUpdate.Text"/> is the answer; what the model thinks, by its own format
    /// (<see cref="Model.AnswerFormat"/>), stands in <see cref="GenerationUpdate.Pieces"/> alone, and in the history as
    /// <see cref="TemplateMessage.Reasoning"/>. Calls of tools are not told apart here: they are text. An answer that is held to a grammar
    /// has only the thoughts that the grammar writes, markers included, whatever the prompt began.
    /// </returns>
    /// <remarks>
    /// The enumerator may be dropped at any time: the answer then ends as a cancelled one does when the next message is sent.
    /// </remarks>
    /// <exception cref="ContextLengthExceededException">The conversation does not fit; the history is as before.</exception>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation; the history is as before.</exception>
    /// <exception cref="InvalidOperationException">
    /// An update of another answer is being waited for, or the conversation has gone on.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The conversation or its model is disposed, or was meanwhile.</exception>
    public async IAsyncEnumerable<GenerationUpdate> SendAsync(
        string userMessage, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(userMessage);
        Session.Lifetime.ThrowIfClosed();
        ChatTurn turn = BeginTurn(userMessage);
        try
        {
            int[] conversation = Fit(turn, options);
            string tail = options?.Grammar is null ? AnswerFormat.TailOf(conversation, Session.Model.Tokenizer) : "";
            turn.ReadWith(Format.CreateParser([], tail));
            int[] tokens = Session.KeepCommonPrefix(conversation);
            if (options?.Overflow == ContextOverflow.DropOldestTurns)
            {
                options = options with { Overflow = ContextOverflow.Stop };
            }

            IAsyncEnumerator<GenerationUpdate> updates =
                Session.GenerateAsync(tokens, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (updates.ConfigureAwait(false))
            {
                while (await NextAsync(turn, updates).ConfigureAwait(false) is { } update)
                {
                    yield return update;
                }
            }
        }
        finally
        {
            EndTurn(turn);
        }
    }

    /// <summary>Cancels an answer that comes, waits for its end, and frees the session.</summary>
    public void Dispose() => Session.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    public ValueTask DisposeAsync() => Session.DisposeAsync();

    /// <summary>Makes the conversation this message's; an answer that was left behind joins the history.</summary>
    private ChatTurn BeginTurn(string userMessage)
    {
        lock (_gate)
        {
            if (_turn is { IsAwaited: true })
            {
                throw new InvalidOperationException(
                    "An update of another answer is being waited for; a conversation serves one caller at a time.");
            }

            EndTurn(_turn);
            return _turn = new ChatTurn(userMessage, [.. _history], _systemPrompt is null ? 0 : 1) { IsAwaited = true };
        }
    }

    /// <summary>Moves a turn into the history, unless it is there already or was forgotten.</summary>
    private void EndTurn(ChatTurn? turn)
    {
        lock (_gate)
        {
            if (turn is not null && ReferenceEquals(_turn, turn))
            {
                _turn = null;
                turn.End();
                TemplateMessage[] after = [.. turn.After];
                _history.Clear();
                _history.AddRange(after);
            }
        }
    }

    private async ValueTask<GenerationUpdate?> NextAsync(ChatTurn turn, IAsyncEnumerator<GenerationUpdate> updates)
    {
        lock (_gate)
        {
            if (_turn is { } latest && !ReferenceEquals(latest, turn))
            {
                throw new InvalidOperationException("The conversation went on with another message; this answer has ended.");
            }

            turn.IsAwaited = true;
        }

        try
        {
            bool moved = await updates.MoveNextAsync().ConfigureAwait(false);
            lock (_gate)
            {
                return moved ? turn.Take(updates.Current) : null;
            }
        }
        finally
        {
            lock (_gate)
            {
                turn.IsAwaited = false;
            }
        }
    }

    /// <summary>The tokens of the conversation with its latest message; has the turn drop as many of the oldest as it must.</summary>
    private int[] Fit(ChatTurn turn, GenerationOptions? options)
    {
        int room = options?.MaxTokens ?? Session.Capacity / 4;
        while (true)
        {
            int[] conversation = Session.Model.ChatTemplate.Render(
                Session.Model.Tokenizer, [.. turn.Before, turn.Message], addGenerationPrompt: true, TemplateVariables);
            bool mustDrop = options?.Overflow == ContextOverflow.DropOldestTurns && turn.Dropped < turn.Droppable
                && conversation.Length > Session.Capacity - room;
            if (!mustDrop)
            {
                return conversation;
            }

            turn.Dropped++;
        }
    }
}

using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
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
    private readonly List<TemplateMessage> _history = [];
    private readonly string? _systemPrompt;

    // The latest message while its answer comes; it joins the history when the answer ends, or when the next message finds it left behind.
    private Turn? _turn;

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
    public IReadOnlyList<TemplateMessage> History => _turn is { } turn ? [.. turn.After(_history)] : [.. _history];

    /// <summary>Forgets the conversation; the system prompt stays.</summary>
    public void Reset()
    {
        _turn = null;
        _history.Clear();
        if (_systemPrompt is not null)
        {
            _history.Add(new TemplateMessage(TemplateRole.System, _systemPrompt));
        }
    }

    /// <summary>Sends a message and streams the answer; both join the history, a cancelled answer as far as it came.</summary>
    /// <param name="userMessage">
    /// The message; control tokens written in it are not recognised (<see cref="ChatTemplate.FromJinja"/>).
    /// </param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <returns>Updates as they come.</returns>
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
        if (_turn is { IsAwaited: true })
        {
            throw new InvalidOperationException(
                "An update of another answer is being waited for; a conversation serves one caller at a time.");
        }

        EndTurn(_turn);
        var turn = new Turn(userMessage, _systemPrompt is null ? 0 : 1);
        _turn = turn;
        try
        {
            int[] tokens = KeepCommonPrefix(Fit(turn, options));
            if (options?.Overflow == ContextOverflow.DropOldestTurns)
            {
                options = options with { Overflow = ContextOverflow.Stop };
            }

            IAsyncEnumerator<GenerationUpdate> updates =
                Session.GenerateAsync(tokens, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (updates.ConfigureAwait(false))
            {
                while (await turn.MoveNextAsync(updates).ConfigureAwait(false))
                {
                    yield return turn.Tell(updates.Current);
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

    /// <summary>Moves a turn into the history, unless it is there already or was forgotten.</summary>
    private void EndTurn(Turn? turn)
    {
        if (turn is not null && ReferenceEquals(_turn, turn))
        {
            _turn = null;
            TemplateMessage[] after = [.. turn.After(_history)];
            _history.Clear();
            _history.AddRange(after);
        }
    }

    /// <summary>The tokens of the conversation with its latest message; has the turn drop as many of the oldest as it must.</summary>
    private int[] Fit(Turn turn, GenerationOptions? options)
    {
        int room = options?.MaxTokens ?? Session.Capacity / 4;
        int turns = (_history.Count - turn.Kept) / 2;
        while (true)
        {
            int[] conversation = Session.Model.ChatTemplate.Render(
                Session.Model.Tokenizer, [.. turn.Before(_history), turn.Message], addGenerationPrompt: true, TemplateVariables);
            bool mustDrop = options?.Overflow == ContextOverflow.DropOldestTurns && turn.Dropped < turns
                && conversation.Length > Session.Capacity - room;
            if (!mustDrop)
            {
                return conversation;
            }

            turn.Dropped++;
        }
    }

    /// <summary>Truncates the session to what it shares with the conversation; returns what is left to process.</summary>
    private int[] KeepCommonPrefix(int[] conversation)
    {
        int shared = Session.TokenSpan.CommonPrefixLength(conversation.AsSpan(..^1));
        Session.Truncate(shared);
        return conversation[shared..];
    }

    /// <summary>A message and its answer, which count together or not at all.</summary>
    /// <param name="userMessage">The message.</param>
    /// <param name="kept">Messages at the beginning that stay, whatever is dropped.</param>
    private sealed class Turn(string userMessage, int kept)
    {
        private readonly StringBuilder _answer = new();
        private bool _answered;

        public TemplateMessage Message { get; } = new(TemplateRole.User, userMessage);

        /// <summary>Messages at the beginning that stay.</summary>
        public int Kept => kept;

        /// <summary>Turns before it that are dropped for it.</summary>
        public int Dropped { get; set; }

        /// <summary>What is left of a history before this turn.</summary>
        public IEnumerable<TemplateMessage> Before(IReadOnlyList<TemplateMessage> history) =>
            [.. history.Take(kept), .. history.Skip(kept + (2 * Dropped))];

        /// <summary>A history with this turn; unchanged before the answer's first update.</summary>
        public IEnumerable<TemplateMessage> After(IReadOnlyList<TemplateMessage> history) => _answered
            ? [.. Before(history), Message, new TemplateMessage(TemplateRole.Assistant, _answer.ToString())]
            : history;

        /// <summary>An update that says what was dropped.</summary>
        public GenerationUpdate Tell(GenerationUpdate update) => update.Usage is { } usage && Dropped > 0
            ? update with { Usage = usage with { DroppedTurns = Dropped } }
            : update;

        /// <summary>Whether somebody waits for an update.</summary>
        public bool IsAwaited { get; private set; }

        public async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<GenerationUpdate> updates)
        {
            IsAwaited = true;
            try
            {
                if (!await updates.MoveNextAsync().ConfigureAwait(false))
                {
                    return false;
                }

                _answered = true;
                _answer.Append(updates.Current.Text);
                return true;
            }
            finally
            {
                IsAwaited = false;
            }
        }
    }
}

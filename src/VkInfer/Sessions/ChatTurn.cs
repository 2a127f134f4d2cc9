using System.Text;
using VkInfer.Answers;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>A message and its answer, which count together or not at all. Its conversation's lock guards it.</summary>
/// <param name="userMessage">The message.</param>
/// <param name="history">All messages before it.</param>
/// <param name="kept">How many of them, from the first, stay, whatever is dropped.</param>
internal sealed class ChatTurn(string userMessage, TemplateMessage[] history, int kept)
{
    private readonly StringBuilder _answer = new();
    private readonly StringBuilder _reasoning = new();
    private AnswerParser? _parser;
    private bool _isAnswered;

    /// <summary>The user's message.</summary>
    public TemplateMessage Message { get; } = new(TemplateRole.User, userMessage);

    /// <summary>Turns before it that may be dropped for it.</summary>
    public int Droppable => (history.Length - kept) / 2;

    /// <summary>Turns before it that are dropped for it.</summary>
    public int Dropped { get; set; }

    /// <summary>Whether the turn is being prepared, or somebody waits for an update.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>What is left of the history before this turn.</summary>
    public IEnumerable<TemplateMessage> Before => [.. history[..kept], .. history[(kept + (2 * Dropped))..]];

    /// <summary>The history with this turn; unchanged before the answer's first update.</summary>
    public IEnumerable<TemplateMessage> After => _isAnswered
        ? [.. Before, Message, new TemplateMessage(TemplateRole.Assistant, _answer.ToString()) { Reasoning = _reasoning.ToString() }]
        : history;

    /// <summary>Says how the answer is read.</summary>
    /// <param name="parser">For this answer alone.</param>
    public void ReadWith(AnswerParser parser) => _parser = parser;

    /// <summary>Takes over what an update says.</summary>
    /// <param name="update">As it comes from the model.</param>
    /// <returns>As the conversation's caller gets it: text and thoughts told apart, and what was dropped.</returns>
    public GenerationUpdate Take(GenerationUpdate update)
    {
        _isAnswered = true;
        IReadOnlyList<AnswerPiece> pieces = _parser!.Append(update);
        return update with
        {
            Text = Add(pieces),
            Pieces = pieces,
            ControlToken = null,
            Usage = Dropped > 0 && update.Usage is { } usage ? usage with { DroppedTurns = Dropped } : update.Usage,
        };
    }

    /// <summary>Ends the answer where it has come to: what its parser held back belongs to it.</summary>
    public void End() => Add(_parser?.End() ?? []);

    /// <summary>Adds pieces to the message that joins the history.</summary>
    /// <returns>The text among them.</returns>
    private string Add(IReadOnlyList<AnswerPiece> pieces)
    {
        int before = _answer.Length;
        foreach (AnswerPiece piece in pieces)
        {
            switch (piece)
            {
                case TextPiece text:
                    _answer.Append(text.Text);
                    break;
                case ReasoningPiece reasoning:
                    _reasoning.Append(reasoning.Text);
                    break;
            }
        }

        return _answer.ToString(before, _answer.Length - before);
    }
}

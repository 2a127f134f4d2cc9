using System.Text;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>A message and its answer, which count together or not at all. Its conversation's lock guards it.</summary>
/// <param name="userMessage">The message.</param>
/// <param name="history">All messages before it.</param>
/// <param name="kept">How many of them, from the first, stay, whatever is dropped.</param>
internal sealed class ChatTurn(string userMessage, TemplateMessage[] history, int kept)
{
    private readonly StringBuilder _answer = new();
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
        ? [.. Before, Message, new TemplateMessage(TemplateRole.Assistant, _answer.ToString())]
        : history;

    /// <summary>Takes over what an update says.</summary>
    public void Take(GenerationUpdate update)
    {
        _isAnswered = true;
        _answer.Append(update.Text);
    }

    /// <summary>An update that says what was dropped.</summary>
    public GenerationUpdate Tell(GenerationUpdate update) => update.Usage is { } usage && Dropped > 0
        ? update with { Usage = usage with { DroppedTurns = Dropped } }
        : update;
}

namespace VkInfer.Answers;

/// <summary>
/// Reads the stream of one answer and tells its pieces apart. What it gives does not depend on where the stream is cut: joined, the pieces
/// are the
/// same. Nothing that a model writes makes it throw: what keeps to no format is text. Not thread-safe.
/// </summary>
public abstract class AnswerParser
{
    private bool _hasEnded;

    internal AnswerParser()
    {
    }

    /// <summary>Whether what comes next belongs to the reasoning, as far as is known.</summary>
    public abstract bool IsReasoning { get; }

    private protected AnswerBuffer Buffer { get; } = new();

    private protected PieceWriter Pieces { get; } = new();

    /// <summary>Adds what has come.</summary>
    /// <param name="text">Text, possibly none; or the text of a control token, as <c>&lt;|channel|&gt;</c>.</param>
    /// <param name="isControl">Whether it is a control token: text that looks like one is none.</param>
    /// <returns>The pieces that are complete now.</returns>
    public IReadOnlyList<AnswerPiece> Append(string text, bool isControl = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_hasEnded, this);
        if (text.Length > 0)
        {
            Buffer.Append(text, isControl);
            Read(isEnd: false);
        }

        return Pieces.Drain();
    }

    /// <summary>Adds what has come of an answer: its text, then its control token.</summary>
    /// <param name="update">What has come.</param>
    /// <returns>The pieces that are complete now; with the last update all that are left.</returns>
    public IReadOnlyList<AnswerPiece> Append(GenerationUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var pieces = new List<AnswerPiece>(Append(update.Text));
        if (update.ControlToken is { } control)
        {
            pieces.AddRange(Append(control, isControl: true));
        }

        if (update.FinishReason is not null)
        {
            pieces.AddRange(End());
        }

        return pieces;
    }

    /// <summary>Ends the answer.</summary>
    /// <returns>What was held back.</returns>
    public IReadOnlyList<AnswerPiece> End()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            Read(isEnd: true);
            Finish();
            Pieces.End();
        }

        return Pieces.Drain();
    }

    /// <summary>Reads one step further.</summary>
    /// <param name="isEnd">Whether nothing more will come.</param>
    /// <returns>Whether another step may do something.</returns>
    private protected abstract bool Step(bool isEnd);

    /// <summary>Closes what is still open at the end.</summary>
    private protected virtual void Finish()
    {
    }

    private void Read(bool isEnd)
    {
        while (Step(isEnd))
        {
        }
    }
}

using VkInfer.Answers;

namespace VkInfer.Samples;

/// <summary>Writes an answer as it comes. What the model thinks is for a person who watches: dim, and apart from the answer.</summary>
/// <param name="output">Where it goes.</param>
/// <param name="showsThoughts">Whether a person watches; a pipe gets the answer alone.</param>
/// <param name="usesColor">Whether the output knows what dim is.</param>
internal sealed class AnswerPrinter(TextWriter output, bool showsThoughts, bool usesColor) : IDisposable
{
    private bool _isThinking;

    /// <summary>Whether this user wants colors on a terminal (no-color.org).</summary>
    public static bool WantsColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Writes what was added.</summary>
    public void Write(IEnumerable<AnswerPiece> pieces)
    {
        foreach (AnswerPiece piece in pieces)
        {
            switch (piece)
            {
                case TextPiece text:
                    EndThought();
                    output.Write(text.Text);
                    break;
                case ReasoningPiece reasoning when showsThoughts:
                    output.Write(_isThinking ? "" : usesColor ? "\e[2mThinking: " : "Thinking: ");
                    output.Write(reasoning.Text);
                    _isThinking = true;
                    break;
            }
        }

        output.Flush();
    }

    /// <summary>Ends the answer, wherever it stands.</summary>
    public void End()
    {
        EndThought();
        output.WriteLine();
    }

    /// <summary>Leaves an answer that has not ended: what comes next is not dim.</summary>
    public void Dispose()
    {
        EndThought();
        output.Flush();
    }

    private void EndThought()
    {
        if (_isThinking)
        {
            _isThinking = false;
            output.Write(usesColor ? "\e[0m\n\n" : "\n\n");
        }
    }
}

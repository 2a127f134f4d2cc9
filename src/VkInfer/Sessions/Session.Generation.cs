using System.Runtime.CompilerServices;
using VkInfer.Grammar;

namespace VkInfer;

public sealed partial class Session
{
    // The answer that may go on; null when the session was used otherwise since.
    private SessionAnswer? _answer;

    /// <summary>Appends a prompt and streams the answer.</summary>
    /// <param name="prompt">The text, taken literally: control tokens written in it are not recognised.</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer, in prefill and in decode. What was generated so far stays in the session.</param>
    /// <returns>Updates as they come; the last carries the finish reason and the usage.</returns>
    /// <remarks>
    /// The session is in use only while an update is asked for. Between updates nothing waits, so that an enumerator may be dropped at
    /// any time; a prompt, token or truncation then ends the answer, whose enumerator throws <see cref="InvalidOperationException"/> if it
    /// is asked again.
    /// </remarks>
    /// <exception cref="ArgumentException">The prompt gives no tokens.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit.</exception>
    /// <exception cref="GrammarException">The vocabulary lacks what the grammar asks for, or the grammar is too ambiguous.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateAsync(Model.Tokenizer.Encode(prompt, addSpecial: Position == 0), options, cancellationToken);
    }

    /// <summary>Appends tokens and streams the answer.</summary>
    /// <param name="promptTokens">At least one id, each inside the vocabulary.</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer, in prefill and in decode.</param>
    /// <returns>Updates as they come; the last carries the finish reason and the usage.</returns>
    /// <inheritdoc cref="GenerateAsync(string, GenerationOptions?, CancellationToken)"/>
    public async IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        ReadOnlyMemory<int> promptTokens, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new GenerationOptions();
        options.Validate();
        var answer = new SessionAnswer(this, promptTokens, options, cancellationToken);
        while (await BlockingWork.Run(answer.Next).ConfigureAwait(false) is { } update)
        {
            yield return update;
        }
    }

    /// <summary>Appends an answer's prompt and entitles the answer to go on from there.</summary>
    internal int BeginAnswer(SessionAnswer answer, ReadOnlySpan<int> prompt, CancellationToken cancellation)
    {
        int cached = _cached;
        AppendCore(prompt, Cancel(cancellation));
        _answer = answer;
        return cached;
    }

    /// <summary>Throws where the session was used otherwise since the answer's last token.</summary>
    internal void RequireAnswer(SessionAnswer answer)
    {
        if (!ReferenceEquals(_answer, answer))
        {
            throw new InvalidOperationException("The session went on with another call; this answer has ended.");
        }
    }
}

using System.Runtime.CompilerServices;
using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Grammar;
using VkInfer.Vulkan;

namespace VkInfer;

public sealed partial class Session
{
    // The answer that may go on; null when the session was used otherwise since.
    private AnswerStream? _answer;

    /// <summary>Appends a prompt and streams the answer.</summary>
    /// <param name="prompt">The text, taken literally: control tokens written in it are not recognised.</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer, in prefill and in decode. What was generated so far stays in the session.</param>
    /// <returns>Updates as they come; the last carries the finish reason and the usage.</returns>
    /// <remarks>
    /// The session is in use only while an update is asked for. The engine goes on for a few tokens more, and then waits; an enumerator may
    /// be dropped at any time. A prompt, token or truncation then ends the answer, whose enumerator throws
    /// <see cref="InvalidOperationException"/> if it is asked again.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The prompt gives no tokens, or the options ask for turns to be dropped, which only a <see cref="ChatSession"/> has.
    /// </exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit.</exception>
    /// <exception cref="QueueFullException">Too many requests of the model wait.</exception>
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
        options = Model.Check(options);
        var answer = new Reader(this, promptTokens, options, cancellationToken);
        while (await answer.NextAsync().ConfigureAwait(false) is { } update)
        {
            yield return update;
        }
    }

    private AnswerStream BeginAnswer(ReadOnlyMemory<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        // The session's end waits for this, and cancels what is started here.
        using Lifetime.Lease lease = _lifetime.Enter();
        options.Sampling.CheckVocabulary(Model.Config.VocabSize);
        GrammarMatcher? grammar = options.Grammar is null ? null : Model.CreateMatcher(options.Grammar, options.IgnoreEndOfText != true);
        cancellation.ThrowIfCancellationRequested();
        int before = BeginAppend(prompt.Span);
        try
        {
            AnswerQueue queue = Model.CreateQueue(options, grammar, before + prompt.Length, Capacity);
            EngineRequest request = Model.CreateRequest(
                _sequence.Sequence, queue, prompt, options, grammar, Select(options.Sampling, grammar is not null), Capacity, cancellation);
            (request.Length, request.KeepsPages) = (before, true);
            _sequence.Starting(request);
            return _answer = new AnswerStream(_engine.Engine, request, queue);
        }
        catch
        {
            Rollback(before);
            throw;
        }
    }

    /// <summary>Takes over what an update says of the session.</summary>
    private void Take(GenerationUpdate update)
    {
        _tokens.AddRange(update.TokenIds);
        _drawn += update.TokenIds.Count;
    }

    /// <summary>Who reads an answer, an update at a time. Between updates it holds nothing but its place.</summary>
    private sealed class Reader(Session session, ReadOnlyMemory<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        private AnswerStream? _stream;
        private int _before;
        private bool _hasBegun;
        private bool _hasEnded;

        /// <summary>Waits for the next update; null after the last.</summary>
        public async ValueTask<GenerationUpdate?> NextAsync()
        {
            if (_hasEnded)
            {
                return null;
            }

            session.Occupy();
            try
            {
                if (_stream is null)
                {
                    _before = session.Position;
                    _stream = session.BeginAnswer(prompt, options, cancellation);
                }
                else if (!ReferenceEquals(session._answer, _stream))
                {
                    throw new InvalidOperationException("The session went on with another call; this answer has ended.");
                }

                GenerationUpdate? update = await _stream.NextAsync(cancellation).ConfigureAwait(false);
                _hasBegun = true;
                if (update is not null)
                {
                    session.Take(update);
                    _hasEnded = update.FinishReason is not null;
                }

                return update;
            }
            catch (Exception exception) when (_stream is not null)
            {
                End();
                if (exception is ObjectDisposedException || (exception is OperationCanceledException && session._lifetime.IsClosed))
                {
                    throw session._lifetime.Disposed();
                }

                throw;
            }
            finally
            {
                session.Free();
            }
        }

        /// <summary>What went wrong before the first update leaves the session as it was.</summary>
        private void End()
        {
            if (ReferenceEquals(session._answer, _stream))
            {
                session._answer = null;
                _stream!.Dispose();
                if (!_hasBegun)
                {
                    session.Rollback(_before);
                }
            }
        }
    }
}

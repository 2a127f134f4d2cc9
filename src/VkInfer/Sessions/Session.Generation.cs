using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer;

public sealed partial class Session
{
    // Two updates ahead of the reader: the device never waits for a consumer that keeps up, and runs at most this far beyond one
    // that stopped reading.
    private const int UpdatesAhead = 2;

    /// <summary>Appends a prompt and streams the answer.</summary>
    /// <param name="prompt">The text, taken literally: control tokens written in it are not recognised.</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer, in prefill and in decode. What was generated so far stays in the session.</param>
    /// <returns>Updates as they come; the last carries the finish reason and the usage.</returns>
    /// <exception cref="ArgumentException">The prompt gives no tokens.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit.</exception>
    /// <exception cref="GrammarException">The vocabulary lacks what the grammar asks for, or the grammar is too ambiguous.</exception>
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
    public async IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        ReadOnlyMemory<int> promptTokens, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new GenerationOptions();
        options.Validate();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updates = Channel.CreateBounded<GenerationUpdate>(
            new BoundedChannelOptions(UpdatesAhead) { SingleReader = true, SingleWriter = true });
        Task producer = Task.Factory.StartNew(
            () => Produce(promptTokens, options, updates.Writer, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await foreach (GenerationUpdate update in updates.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return update;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Produce(ReadOnlyMemory<int> prompt, GenerationOptions options, ChannelWriter<GenerationUpdate> writer, CancellationToken cancellation)
    {
        try
        {
            using Lease lease = Enter();
            Generate(prompt.Span, options, update => Send(writer, update, cancellation), cancellation);
            writer.Complete();
        }
#pragma warning disable CA1031 // every failure belongs to the reader of the stream
        catch (Exception exception)
#pragma warning restore CA1031
        {
            writer.Complete(exception);
        }
    }

    private void Generate(ReadOnlySpan<int> prompt, GenerationOptions options, Action<GenerationUpdate> emit, CancellationToken cancellation)
    {
        int promptTokens = prompt.Length;
        int cached = _cached;
        long started = Stopwatch.GetTimestamp();
        AppendCore(prompt, null, cancellation);
        TimeSpan prefill = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();

        var text = new StreamingDetokenizer(Model.Tokenizer, continuation: true);
        var stops = new StopSequenceDetector(options.StopStrings);
        GrammarMatcher? grammar = options.Grammar is null ? null : Model.CreateMatcher(options.Grammar, !options.IgnoreEndOfText);
        int generated = 0;
        FinishReason? reason = null;
        while (reason is null)
        {
            if (Position >= Capacity)
            {
                reason = options.Overflow == ContextOverflow.Error
                    ? throw new ContextLengthExceededException(1, 0, Capacity)
                    : FinishReason.ContextFull;
                emit(Last("", []));
                break;
            }

            bool isLast = generated + 1 == options.MaxTokens;

            // With a grammar, each token decides which may come next: no step can run ahead.
            int token = NextTokenCore(options.Sampling, isLast || grammar is not null ? 1 : 2, cancellation, grammar);
            grammar?.Accept(token);
            generated++;
            if (!options.IgnoreEndOfText && Model.Tokenizer.EndOfGenerationTokenIds.Contains(token))
            {
                reason = FinishReason.EndOfText;
                emit(Last(text.Flush(), [token]));
                break;
            }

            string piece = stops.Append(text.Append(token));
            if (stops.IsStopped)
            {
                reason = FinishReason.StopString;
                emit(WithLogProbabilities(new GenerationUpdate(piece, [token], reason, Spent())));
            }
            else if (isLast || grammar?.IsComplete == true)
            {
                reason = grammar?.IsComplete == true ? FinishReason.GrammarComplete : FinishReason.MaxTokens;
                emit(Last(piece + stops.Append(text.Flush()), [token], flushText: false));
            }
            else
            {
                emit(WithLogProbabilities(new GenerationUpdate(piece, [token], null, null)));
            }
        }

        Usage Spent() => new(promptTokens, cached, generated, prefill, Stopwatch.GetElapsedTime(started));

        GenerationUpdate Last(string rest, int[] ids, bool flushText = true) =>
            WithLogProbabilities(new((flushText ? stops.Append(rest) : rest) + stops.Flush(), ids, reason, Spent()));
    }

    private GenerationUpdate WithLogProbabilities(GenerationUpdate update) =>
        update.TokenIds.Count > 0 && _decode.ReadLogProbabilities() is { } entry ? update with { LogProbabilities = [entry] } : update;

    private static void Send(ChannelWriter<GenerationUpdate> writer, GenerationUpdate update, CancellationToken cancellation)
    {
        if (!writer.TryWrite(update))
        {
            writer.WriteAsync(update, cancellation).AsTask().GetAwaiter().GetResult();
        }
    }
}

using System.Diagnostics;
using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>
/// An answer as it is asked for, an update at a time. Between updates it holds nothing but its place; the device is up to two steps
/// ahead. Not thread-safe.
/// </summary>
internal sealed class Answer
{
    private readonly Session _session;
    private readonly ReadOnlyMemory<int> _prompt;
    private readonly GenerationOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly StopSequenceDetector _stops;
    private StreamingDetokenizer? _text;
    private GrammarMatcher? _grammar;
    private FinishReason? _reason;
    private int _cached;
    private int _generated;
    private TimeSpan _prefill;
    private long _started;

    public Answer(Session session, ReadOnlyMemory<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        _session = session;
        _prompt = prompt;
        _options = options;
        _cancellation = cancellation;
        _stops = new StopSequenceDetector(options.StopStrings);
    }

    /// <summary>Waits for the next update; null after the last.</summary>
    public GenerationUpdate? Next()
    {
        if (_reason is not null)
        {
            return null;
        }

        using Session.Use use = _session.Enter();
        StreamingDetokenizer text = _text ?? Begin();
        _session.RequireAnswer(this);
        if (_session.Position >= _session.Capacity)
        {
            _reason = _options.Overflow == ContextOverflow.Error
                ? throw new ContextLengthExceededException(1, 0, _session.Capacity)
                : FinishReason.ContextFull;
            return Last(string.Empty, []);
        }

        // With a grammar, each token decides which may come next: no step can run ahead.
        bool isLast = _generated + 1 == _options.MaxTokens;
        int token = _session.NextTokenCore(_options.Sampling, isLast || _grammar is not null ? 1 : 2, _cancellation, _grammar);
        _grammar?.Accept(token);
        _generated++;
        if (!_options.IgnoreEndOfText && _session.Model.Tokenizer.EndOfGenerationTokenIds.Contains(token))
        {
            _reason = FinishReason.EndOfText;
            return Last(text.Flush(), [token]);
        }

        string piece = _stops.Append(text.Append(token));
        if (_stops.IsStopped)
        {
            _reason = FinishReason.StopString;
            return WithLogProbabilities(new GenerationUpdate(piece, [token], _reason, Spent()));
        }

        if (isLast || _grammar?.IsComplete == true)
        {
            _reason = _grammar?.IsComplete == true ? FinishReason.GrammarComplete : FinishReason.MaxTokens;
            return Last(piece + _stops.Append(text.Flush()), [token], flushText: false);
        }

        return WithLogProbabilities(new GenerationUpdate(piece, [token], null, null));
    }

    private StreamingDetokenizer Begin()
    {
        long started = Stopwatch.GetTimestamp();
        _cached = _session.BeginAnswer(this, _prompt.Span, _cancellation);
        _prefill = Stopwatch.GetElapsedTime(started);
        _started = Stopwatch.GetTimestamp();
        _grammar = _options.Grammar is null ? null : _session.Model.CreateMatcher(_options.Grammar, !_options.IgnoreEndOfText);
        return _text = new StreamingDetokenizer(_session.Model.Tokenizer, continuation: true);
    }

    private Usage Spent() => new(_prompt.Length, _cached, _generated, _prefill, Stopwatch.GetElapsedTime(_started));

    private GenerationUpdate Last(string rest, int[] ids, bool flushText = true) =>
        WithLogProbabilities(new((flushText ? _stops.Append(rest) : rest) + _stops.Flush(), ids, _reason, Spent()));

    private GenerationUpdate WithLogProbabilities(GenerationUpdate update) =>
        update.TokenIds.Count > 0 && _session.Decode.ReadLogProbabilities() is { } entry
            ? update with { LogProbabilities = [entry] }
            : update;
}

using VkInfer.Engine.Answers;
using VkInfer.Grammar;

namespace VkInfer;

/// <summary>
/// An answer as it is asked of a session, an update at a time. Between updates it holds nothing but its place; the device is up to two
/// steps ahead. Not thread-safe.
/// </summary>
internal sealed class SessionAnswer
{
    private readonly Session _session;
    private readonly ReadOnlyMemory<int> _prompt;
    private readonly GenerationOptions _options;
    private readonly CancellationToken _cancellation;
    private Answer? _answer;
    private GrammarMatcher? _grammar;
    private int _generated;

    public SessionAnswer(Session session, ReadOnlyMemory<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        _session = session;
        _prompt = prompt;
        _options = options;
        _cancellation = cancellation;
    }

    /// <summary>Waits for the next update; null after the last.</summary>
    public GenerationUpdate? Next()
    {
        if (_answer?.Reason is not null)
        {
            return null;
        }

        using Session.Use use = _session.Enter();
        Answer answer = _answer ?? Begin();
        _session.RequireAnswer(this);
        if (_session.Position >= _session.Capacity)
        {
            GenerationUpdate last = answer.End(FinishReason.ContextFull);
            return _options.Overflow == ContextOverflow.Error ? throw new ContextLengthExceededException(1, 0, _session.Capacity) : last;
        }

        // With a grammar, each token decides which may come next: no step can run ahead.
        bool isLast = ++_generated == _options.MaxTokens;
        int token = _session.NextTokenCore(_options.Sampling, isLast || _grammar is not null ? 1 : 2, _cancellation, _grammar);
        return answer.Accept(token, _session.Decode.ReadLogProbabilities());
    }

    private Answer Begin()
    {
        _grammar = _options.Grammar is null ? null : _session.Model.CreateMatcher(_options.Grammar, !_options.IgnoreEndOfText);
        var answer = new Answer(_session.Model.Tokenizer, _options, _grammar, _prompt.Length);
        answer.Begin(_session.BeginAnswer(this, _prompt.Span, _cancellation));
        return _answer = answer;
    }
}

using System.Text;
using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer.Engine.Answers;

/// <summary>
/// Makes an answer of tokens, whoever chooses them: text in whole characters, stop strings, the state of the grammar, the reason why it
/// ends, and what it cost. Not thread-safe.
/// </summary>
internal sealed class Answer
{
    private readonly Tokenizer _tokenizer;
    private readonly GenerationOptions _options;
    private readonly GrammarMatcher? _grammar;
    private readonly TimeProvider _clock;
    private readonly StopSequenceDetector _stops;
    private readonly StreamingDetokenizer _text;
    private readonly int _promptTokens;
    private readonly long _asked;
    private long _started;
    private int _cached;
    private int _generated;
    private int _drafted;
    private int _accepted;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="options">Valid ones.</param>
    /// <param name="grammar">The grammar's state, which moves on with each token; null: any token may come.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="clock">Measures how long it took; null: the system's.</param>
    public Answer(Tokenizer tokenizer, GenerationOptions options, GrammarMatcher? grammar, int promptTokens, TimeProvider? clock = null)
    {
        _tokenizer = tokenizer;
        _options = options;
        _grammar = grammar;
        _promptTokens = promptTokens;
        _clock = clock ?? TimeProvider.System;
        _stops = new StopSequenceDetector(options.StopStrings ?? []);
        _text = new StreamingDetokenizer(tokenizer, continuation: true);
        _asked = _started = _clock.GetTimestamp();
    }

    /// <summary>Why it has ended; null: it has not.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Says that the prompt is processed.</summary>
    /// <param name="cachedTokens">Tokens that cost nothing, because their keys and values were there.</param>
    public void Begin(int cachedTokens) => (_cached, _started) = (cachedTokens, _clock.GetTimestamp());

    /// <summary>Says that a step verified guesses, and how many of them hold.</summary>
    public void Verified(int drafted, int accepted) => (_drafted, _accepted) = (_drafted + drafted, _accepted + accepted);

    /// <summary>Takes the next token.</summary>
    /// <param name="token">One that the grammar allows.</param>
    /// <param name="logProbabilities">How likely it was, where that was asked for.</param>
    /// <returns>What it adds; the last update where <see cref="Reason"/> is set.</returns>
    public GenerationUpdate Accept(int token, TokenLogProbabilities? logProbabilities = null)
    {
        _grammar?.Accept(token);
        _generated++;
        string piece;
        string? control = null;
        if (_options.IgnoreEndOfText != true && _tokenizer.EndOfGenerationTokenIds.Contains(token))
        {
            Reason = FinishReason.EndOfText;
            piece = Rest();
        }
        else
        {
            piece = _stops.Append(_text.Append(token));
            if (!_stops.IsStopped && _tokenizer.IsControl(token) && !_tokenizer.EndOfGenerationTokenIds.Contains(token))
            {
                // What stands before a control token is told before it: no stop string goes across one.
                piece += _stops.Flush();
                control = Encoding.UTF8.GetString(_tokenizer.GetTokenBytes(token));
            }

            if (_stops.IsStopped)
            {
                Reason = FinishReason.StopString;
            }
            else if (_grammar?.IsComplete == true || _generated == _options.MaxTokens)
            {
                Reason = _grammar?.IsComplete == true ? FinishReason.GrammarComplete : FinishReason.MaxTokens;
                piece += Rest();
            }
        }

        return new GenerationUpdate(piece, [token], Reason, Reason is null ? null : Spent())
        {
            ControlToken = control,
            LogProbabilities = logProbabilities is null ? [] : [logProbabilities],
        };
    }

    /// <summary>Ends the answer without a further token.</summary>
    /// <returns>The last update.</returns>
    public GenerationUpdate End(FinishReason reason)
    {
        Reason = reason;
        return new GenerationUpdate(Rest(), [], reason, Spent());
    }

    /// <summary>What was held back: the beginning of a character, or of a stop string.</summary>
    private string Rest() => _stops.Append(_text.Flush()) + _stops.Flush();

    private Usage Spent() => new(
        _promptTokens, _cached, _generated, _clock.GetElapsedTime(_asked, _started), _clock.GetElapsedTime(_started))
    {
        DraftedTokens = _drafted,
        AcceptedTokens = _accepted,
    };
}

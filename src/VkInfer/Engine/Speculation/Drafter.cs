using System.Diagnostics;
using System.Runtime.InteropServices;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Speculation;

/// <summary>
/// A smaller model's view of the text of one request: it guesses what follows, by the options and with the random numbers that the text's
/// own tokens are chosen by. Its sequence goes back to where its guesses did not hold, and on from there. Asked by the loop of the
/// request's engine and answered by the smaller model's; in between nobody else uses it.
/// </summary>
/// <param name="engine">The smaller model's.</param>
/// <param name="contextLength">Tokens that its sequences may have.</param>
/// <param name="vocabSize">Guesses are below it.</param>
/// <param name="free">Gives back what a sequence of that engine holds.</param>
internal sealed class Drafter(ModelEngine engine, int contextLength, int vocabSize, Action<Sequence> free) : ITokenReceiver, IDisposable
{
    private readonly Sequence _sequence = new();
    private readonly List<int> _guesses = new(Speculator.Most);
    private TokenSelection? _selection;
    private EngineRequest? _request;
    private Action? _answered;
    private int _known;
    private long _started;
    private TimeSpan _time;
    private bool _isOver;

    // Whoever has a whole prompt to process says nothing about what guesses cost.
    private bool _isTypical;

    /// <summary>What it guessed last, in order.</summary>
    public ReadOnlySpan<int> Guesses => CollectionsMarshal.AsSpan(_guesses);

    /// <summary>How many tokens it can guess behind a text; none when something went wrong before.</summary>
    public int MostBehind(int length) => _isOver ? 0 : Math.Clamp(contextLength - length, 0, Speculator.Most);

    /// <summary>Asks for guesses.</summary>
    /// <param name="text">What they follow: the tokens that it was asked with before, and more. No step of it is under way.</param>
    /// <param name="count">How many, 1 to <see cref="MostBehind"/>.</param>
    /// <param name="answered">
    /// Called once, by any thread, when <see cref="Guesses"/> are there; none are where something went wrong.
    /// </param>
    public void Ask(Sequence text, int count, Action answered)
    {
        ReadOnlySpan<int> tokens = text.Tokens;
        int same = tokens[_known..].CommonPrefixLength(Guesses);
        int kept = _known + same;
        _isTypical = _known > 0;
        (_known, _answered, _started) = (tokens.Length, answered, Stopwatch.GetTimestamp());
        _guesses.Clear();
        TokenSelection selection = text.Selection!;
        _selection ??= new TokenSelection(
            selection.Sampling with { LogProbabilities = null }, selection.Seed, selection.Drawn + tokens.Length - text.SelectedAt, null);
        _request = new EngineRequest(_sequence, this)
        {
            Length = kept,
            Prompt = tokens[kept..].ToArray(),
            MaxTokens = count,
            ContextLength = contextLength,
            Selection = _selection,
            KeepsPages = true,
        };
        try
        {
            engine.Start(_request);
        }
        catch (ObjectDisposedException exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Tells what the latest guesses cost, once.</summary>
    public void Report(StepTimes times)
    {
        if (_isTypical && _guesses.Count > 0)
        {
            times.ObserveDraft(_guesses.Count, _time);
        }

        _isTypical = false;
    }

    /// <summary>Ends what it is asked, and gives its sequence back.</summary>
    public void Dispose()
    {
        if (_request is { } request)
        {
            _request = null;
            engine.Cancel(request);
            free(_sequence);
        }
    }

    void ITokenReceiver.Begin(int cachedTokens)
    {
    }

    Reception ITokenReceiver.Accept(int token, TokenLogProbabilities? logProbabilities)
    {
        // A vocabulary may be padded more than the other.
        _isOver |= token >= vocabSize;
        if (!_isOver)
        {
            _guesses.Add(token);
        }

        return Reception.GoOn;
    }

    void ITokenReceiver.End(FinishReason reason) => Answer();

    public void Fail(Exception exception)
    {
        _isOver = true;
        _guesses.Clear();
        Answer();
    }

    private void Answer()
    {
        _time = Stopwatch.GetElapsedTime(_started);
        _answered!();
    }
}

using System.Numerics;
using VkInfer.Engine.Sequences;
using VkInfer.Grammar;

namespace VkInfer.Engine.Speculation;

/// <summary>
/// Guesses what follows in one sequence: what a grammar forces, what followed further up in the text, and what a smaller model says. Learns
/// from each token how far its guesses hold, verified or not. Used by one thread at a time. Allocates nothing once its lists have grown,
/// but for masks.
/// </summary>
internal sealed class Speculator
{
    /// <summary>Most guesses of a step: with the row before them they fill a bucket.</summary>
    public const int Most = 7;

    // Behind guesses that hold more seldom than so, nobody guesses on. The first is always made: whether it holds is learned for nothing.
    private const double Unlikely = 0.1;
    private const double Weight = 0.1;

    // Making them costs, and whether they hold is not learned for nothing.
    private const double WeightOfDrafts = 0.2;
    private const int FirstPause = 32;
    private const int LongestPause = 1024;
    private const int DraftsOfTrial = 2;
    private const int EagerDrafts = 4;

    // By the tokens that were the same: 2, 3, 4 or 5, more; then text that a grammar forces, and tokens; at last a smaller model's.
    private readonly double[] _hold = [0.3, 0.5, 0.6, 0.8, 0.7, 1, 0.7];
    private readonly List<Guessed> _guesses = new(Most);
    private readonly double[] _holds = new double[Most];
    private readonly List<uint[]> _masks = [];
    private int _pause;
    private int _steps;

    /// <summary>Whether all guesses are verified, whatever rows cost.</summary>
    public bool IsEager { get; init; }

    /// <summary>Learns from tokens that came behind those that were guessed from.</summary>
    public void Learn(ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < Math.Min(tokens.Length, _guesses.Count); i++)
        {
            (int token, Kind kind) = _guesses[i];
            bool holds = token == tokens[i];
            if (kind != Kind.ForcedToken)
            {
                ref double known = ref _hold[(int)kind];
                known += (kind == Kind.Drafted ? WeightOfDrafts : Weight) * ((holds ? 1 : 0) - known);
            }

            if (!holds)
            {
                break;
            }
        }

        _guesses.Clear();
    }

    /// <summary>Guesses what follows a text.</summary>
    public void Guess(ReadOnlySpan<int> text)
    {
        _guesses.Clear();
        (int next, int length) = TokenLookup.Find(text);
        double all = 1;
        for (int i = 0; length > 0 && i < Most && next + i < text.Length; i++)
        {
            Kind kind = KindOf(length + i);
            all *= _hold[(int)kind];
            if (i > 0 && all < Unlikely)
            {
                return;
            }

            _guesses.Add(new Guessed(text[next + i], kind));
        }
    }

    /// <summary>
    /// Keeps of the guesses what a grammar allows, with what it forces before and behind them, and finds the mask behind each.
    /// </summary>
    /// <param name="grammar">Where the text has come; stays there.</param>
    /// <param name="mask">What it allows there.</param>
    /// <param name="cancellation">Ends the work.</param>
    public void Constrain(GrammarMatcher grammar, uint[] mask, CancellationToken cancellation)
    {
        GrammarMatcher ahead = grammar.Fork();
        double all = 1;
        int count = 0;
        for (; count < Most && Next(ahead, mask, count) is { } guess; count++)
        {
            all *= _hold[(int)guess.Kind];
            if (count > 0 && all < Unlikely)
            {
                break;
            }

            if (count < _guesses.Count && _guesses[count].Token != guess.Token)
            {
                // What was looked up stood behind another token.
                _guesses.RemoveRange(count, _guesses.Count - count);
            }

            if (count == _guesses.Count)
            {
                _guesses.Add(guess);
            }

            _guesses[count] = guess;
            if (!TryGoOn(ahead, guess.Token, count, mask.Length, cancellation))
            {
                break;
            }

            mask = _masks[count];
        }

        _guesses.RemoveRange(count, _guesses.Count - count);
    }

    /// <summary>
    /// How many tokens a smaller model is to guess in place of the guesses that there are; 0: that does not pay. Where it never does, it is
    /// tried again after pauses, each twice as long as the one before.
    /// </summary>
    /// <param name="rows">Rows of the step without them.</param>
    /// <param name="most">Most that it can guess.</param>
    /// <param name="times">What rows and guesses cost.</param>
    public int BestDrafts(int rows, int most, StepTimes times)
    {
        if (IsEager)
        {
            return Math.Min(EagerDrafts, most);
        }

        if (_steps > 0)
        {
            _steps--;
            return 0;
        }

        times.Best(rows, Holds(), 0, out double gainWithout);
        Array.Fill(_holds, _hold[(int)Kind.Drafted]);
        int count = times.Best(rows, _holds.AsSpan(0, most), times.SecondsOfDraft, out double gain);
        if (count > 0)
        {
            _pause = 0;
            return gain > gainWithout ? count : 0;
        }

        // The trial comes behind a pause.
        bool isTrial = _pause > 0;
        _steps = _pause = Math.Clamp(2 * _pause, FirstPause, LongestPause);
        return isTrial ? Math.Min(DraftsOfTrial, most) : 0;
    }

    /// <summary>Takes a smaller model's guesses in place of those that there are; none: those stay.</summary>
    public void TakeDrafts(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length > 0)
        {
            _guesses.Clear();
        }

        foreach (int token in tokens)
        {
            _guesses.Add(new Guessed(token, Kind.Drafted));
        }
    }

    /// <summary>How many of the guesses a step is to verify.</summary>
    /// <param name="rows">Rows of the step without them.</param>
    /// <param name="times">What rows cost.</param>
    public int Best(int rows, StepTimes times) =>
        IsEager ? _guesses.Count : times.Best(rows, Holds());

    /// <summary>Has the next step of a sequence verify so many of the guesses.</summary>
    public void Propose(Sequence sequence, int count)
    {
        sequence.Drafts.Clear();
        sequence.DraftMasks.Clear();
        for (int i = 0; i < count; i++)
        {
            sequence.Drafts.Add(_guesses[i].Token);
            if (sequence.Selection?.Mask is not null)
            {
                sequence.DraftMasks.Add(_masks[i]);
            }
        }
    }

    /// <summary>How likely each of the guesses holds.</summary>
    private ReadOnlySpan<double> Holds()
    {
        for (int i = 0; i < _guesses.Count; i++)
        {
            _holds[i] = _hold[(int)_guesses[i].Kind];
        }

        return _holds.AsSpan(0, _guesses.Count);
    }

    private static Kind KindOf(int same) => same switch
    {
        <= 2 => Kind.Same2,
        3 => Kind.Same3,
        <= 5 => Kind.Same5,
        _ => Kind.SameMore,
    };

    /// <summary>Finds the mask behind a guess.</summary>
    /// <returns>False: there the text ends, or cannot go on. Whoever takes the guess learns that.</returns>
    private bool TryGoOn(GrammarMatcher grammar, int token, int index, int words, CancellationToken cancellation)
    {
        if (_masks.Count == index)
        {
            _masks.Add(new uint[words]);
        }

        grammar.Accept(token);
        try
        {
            if (!grammar.IsComplete)
            {
                grammar.FillMask(_masks[index], cancellation);
                return true;
            }
        }
        catch (GrammarException)
        {
        }

        return false;
    }

    /// <summary>The next guess; null: there is none.</summary>
    private Guessed? Next(GrammarMatcher grammar, ReadOnlySpan<uint> mask, int index)
    {
        if (Only(mask) is { } only)
        {
            return new Guessed(only, Kind.ForcedToken);
        }

        // How this text was written before says more than how it may be.
        if (index < _guesses.Count && (mask[_guesses[index].Token >> 5] >> _guesses[index].Token & 1) != 0)
        {
            return _guesses[index];
        }

        return grammar.FindForcedToken() is { } forced ? new Guessed(forced, Kind.ForcedText) : null;
    }

    /// <summary>The only token of a mask; null: it has several.</summary>
    private static int? Only(ReadOnlySpan<uint> mask)
    {
        int at = mask.IndexOfAnyExcept(0u);
        return BitOperations.IsPow2(mask[at]) && !mask[(at + 1)..].ContainsAnyExcept(0u)
            ? (at << 5) + BitOperations.TrailingZeroCount(mask[at])
            : null;
    }

    private enum Kind
    {
        Same2,
        Same3,
        Same5,
        SameMore,
        ForcedText,
        ForcedToken,
        Drafted,
    }

    private readonly record struct Guessed(int Token, Kind Kind);
}

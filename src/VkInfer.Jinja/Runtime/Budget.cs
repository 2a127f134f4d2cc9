using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace VkInfer.Jinja;

/// <summary>Counts what a rendering costs, and ends it where a limit is reached: before the cost is paid, where it is large.</summary>
internal sealed class Budget(JinjaLimits limits)
{
    private const int StepsBetweenLooksAtTheClock = 512;
    private const int CharactersPerItem = 32;

    /// <summary>Work on so many characters counts as one evaluation.</summary>
    public const int OneStep = 256;

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _steps;
    private long _nextLook = StepsBetweenLooksAtTheClock;
    private long _total;
    private int _depth;

    public JinjaLimits Limits { get; } = limits;

    /// <summary>Goes one evaluation deeper.</summary>
    public void Enter()
    {
        if (++_depth > Limits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw JinjaException.Limit($"more than {Limits.Depth} nested evaluations, or as many as the stack holds");
        }

        Step(1);
    }

    public void Leave() => _depth--;

    /// <summary>Counts looking at items that are there already.</summary>
    public void Look(int count) => Work(16L * count);

    /// <summary>Counts work on characters or items that are there already.</summary>
    public void Work(long characters) => Step(characters / OneStep);

    /// <summary>Counts the worst case of looking for a text within another.</summary>
    public void Search(int textLength, int patternLength) => Work((long)textLength * ((patternLength / 16) + 1));

    /// <summary>Counts a new string.</summary>
    public void Text(long length)
    {
        if (length > Limits.TextLength)
        {
            throw JinjaException.Limit($"a text of {length} characters; at most {Limits.TextLength} are allowed");
        }

        Total(length);
    }

    /// <summary>Counts a new list.</summary>
    public void Items(long count) => Total(count > Limits.TotalLength ? count : count * CharactersPerItem);

    private void Total(long characters)
    {
        _total += characters;
        if (_total > Limits.TotalLength)
        {
            throw JinjaException.Limit($"more than {Limits.TotalLength} characters of texts and lists");
        }

        Work(characters);
    }

    private void Step(long count)
    {
        _steps += count;
        if (_steps < _nextLook)
        {
            return;
        }

        _nextLook = _steps + StepsBetweenLooksAtTheClock;
        if (_steps > Limits.Steps)
        {
            throw JinjaException.Limit($"more than {Limits.Steps} evaluations");
        }

        if (Stopwatch.GetElapsedTime(_start) > Limits.Time)
        {
            throw JinjaException.Limit($"rendering takes longer than {Limits.Time.TotalMilliseconds} ms");
        }
    }
}

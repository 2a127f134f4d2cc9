using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;

namespace VkInfer.Engine;

/// <summary>
/// What an engine counts of itself. Written by its loop after each step, which costs a few stores; read by anybody at any time, so that
/// numbers may be of neighbouring steps.
/// </summary>
internal sealed class EngineCounts
{
    /// <summary>The model's name, where measurements name it.</summary>
    public string Model { get; init; } = "";

    /// <summary>Sequences that wait for pages or a place.</summary>
    public int Waiting { get; private set; }

    /// <summary>Sequences that take part in steps.</summary>
    public int Running { get; private set; }

    /// <summary>Pages that sequences hold.</summary>
    public int HeldPages { get; private set; }

    /// <summary>Pages that nobody holds, and that are known as prefixes.</summary>
    public int CachedPages { get; private set; }

    /// <summary>All other pages.</summary>
    public int FreePages { get; private set; }

    /// <summary>How often a sequence gave its pages to others while it ran.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Steps that were submitted.</summary>
    public long Steps { get; private set; }

    /// <summary>Rows of them.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows of the largest.</summary>
    public int MostRows { get; private set; }

    /// <summary>Tokens before answers.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Those of them whose keys and values were there already.</summary>
    public long CachedTokens { get; private set; }

    public void AddStep(int rows)
    {
        Steps++;
        Rows += rows;
        MostRows = Math.Max(MostRows, rows);
    }

    public void AddPrompt(int tokens, int cached)
    {
        PromptTokens += tokens;
        CachedTokens += cached;
    }

    public void Look(Scheduler scheduler, KvPool pool)
    {
        (Waiting, Running, Preemptions) = (scheduler.Waiting, scheduler.Running.Count, scheduler.Preemptions);
        (HeldPages, CachedPages) = (pool.Held, pool.Remembered);
        FreePages = pool.Count - HeldPages - CachedPages;
    }
}

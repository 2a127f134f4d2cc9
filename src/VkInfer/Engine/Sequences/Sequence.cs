using System.Runtime.InteropServices;
using VkInfer.Engine.Cache;

namespace VkInfer.Engine.Sequences;

/// <summary>
/// A text on its way through a model. Plain data: the scheduler and the pool change it, on the engine's loop alone.
/// </summary>
internal sealed class Sequence
{
    private readonly List<int> _tokens = [];

    /// <summary>Makes an empty one, which gets tokens before it is scheduled.</summary>
    public Sequence()
    {
    }

    /// <param name="tokens">What is known: at least one token.</param>
    /// <param name="maxLength">Tokens at which it ends.</param>
    public Sequence(IEnumerable<int> tokens, int maxLength)
    {
        _tokens = [.. tokens];
        ArgumentOutOfRangeException.ThrowIfZero(_tokens.Count, nameof(tokens));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxLength, _tokens.Count);
        PromptLength = _tokens.Count;
        MaxLength = maxLength;
    }

    /// <summary>Tokens that are known.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Tokens that were there when it was last scheduled.</summary>
    public int PromptLength { get; private set; }

    /// <summary>Tokens at which it ends.</summary>
    public int MaxLength { get; set; }

    /// <summary>More is sooner.</summary>
    public int Priority { get; set; }

    /// <summary>When it ends, whatever it has; null: never.</summary>
    public TimeSpan? Deadline { get; set; }

    /// <summary>Whose prefixes it may share; null: everybody's who says null.</summary>
    public string? PrefixScope { get; init; }

    /// <summary>The next row needs the token before it to be known: a grammar, or drafts.</summary>
    public bool NeedsKnownTokens { get; set; }

    /// <summary>It keeps its place and its pages and gets no rows for a while: its next mask is being computed.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Whether a token is chosen behind the last known one; else its rows are computed, and that is all.</summary>
    public bool Chooses { get; set; } = true;

    /// <summary>Whether the logits of the last row are kept for later, until another row's are.</summary>
    public bool KeepsLogits { get; set; }

    /// <summary>
    /// Tokens behind which the kept logits stand; -1: none are kept. Where they are all known ones, a choice needs no row.
    /// </summary>
    public int LogitsAt { get; set; } = -1;

    /// <summary>Receives the logits of rows of the prompt; null: nobody wants them.</summary>
    public LogitsTarget? LogitsTarget { get; set; }

    /// <summary>Receives the hidden states of rows of the prompt; null: nobody wants them.</summary>
    public HiddenTarget? HiddenTarget { get; set; }

    /// <summary>The first position that somebody wants more of than keys and values, so that it must be computed.</summary>
    public int FirstWanted => Math.Min(LogitsTarget?.First ?? int.MaxValue, HiddenTarget?.First ?? int.MaxValue);

    /// <summary>Whether the next token can be chosen from kept logits.</summary>
    public bool HasLogits => LogitsAt == Length && Computed == Length;

    /// <summary>Whether its next row is that of its last token.</summary>
    public bool IsDecoding => Computed >= PromptLength - 1 && Pending <= 1;

    /// <summary>Whether it may take part in the next step.</summary>
    public bool CanRun => !IsPaused && (Pending > 0 || (HasLogits && InFlight == 0)) && Length < MaxLength
        && (InFlight == 0 || !(NeedsKnownTokens || Drafts.Count > 0));

    /// <summary>Guesses at what follows the known tokens, to be verified in the next step.</summary>
    public List<int> Drafts { get; } = [];

    /// <summary>For each of <see cref="Drafts"/>, where there is a mask, the mask of what may follow it.</summary>
    public List<uint[]> DraftMasks { get; } = [];

    public SequenceState State { get; set; }

    /// <summary>Order of arrival; kept through preemption.</summary>
    public long Arrival { get; set; }

    /// <summary>Positions whose keys and values are in pages, or will be when the steps under way have run.</summary>
    public int Computed { get; set; }

    /// <summary>Tokens that steps under way choose.</summary>
    public int InFlight { get; set; }

    /// <summary>Rises whenever steps under way lose their meaning.</summary>
    public int Epoch { get; set; }

    /// <summary>Tokens of its prompt that had their keys and values when it first ran; null: it has not yet.</summary>
    public int? CachedTokens { get; set; }

    /// <summary>How often it gave its pages away.</summary>
    public int Preemptions { get; set; }

    /// <summary>For each group of layers its pages; empty until it has some.</summary>
    public BlockTable[] Tables { get; set; } = [];

    /// <summary>Its recurrent state, behind all computed positions; <see cref="StatePool.None"/>: it has none.</summary>
    public int RecurrentState { get; set; } = StatePool.None;

    /// <summary>Snapshots of that which are not yet under a prefix, and the positions that they stand behind.</summary>
    public List<(int Position, int State)> Snapshots { get; } = [];

    /// <summary>For each full page from the first on, where the prefix index knows it.</summary>
    public List<PrefixNode> Chain { get; } = [];

    /// <summary>Known and promised tokens.</summary>
    public int Length => _tokens.Count + InFlight;

    /// <summary>Rows that are wanted before the next token can be chosen.</summary>
    public int Pending => Length - Computed;

    public void Add(int token) => _tokens.Add(token);

    /// <summary>How its tokens are chosen; replaced, never changed, but for the mask.</summary>
    public TokenSelection? Selection { get; private set; }

    /// <summary>Tokens that there were when <see cref="Selection"/> was set.</summary>
    public int SelectedAt { get; private set; }

    /// <summary>Tokens that its selection drew before the latest one that a step is to choose.</summary>
    public int Drawn => Selection!.Drawn + Length - 1 - SelectedAt;

    /// <summary>Says how tokens are chosen from here on; the same selection as before goes on where it stood.</summary>
    public void Select(TokenSelection? selection)
    {
        if (!ReferenceEquals(Selection, selection))
        {
            (Selection, SelectedAt) = (selection, _tokens.Count);
        }
    }

    /// <summary>
    /// How often tokens came from outside or were dropped: whatever a sampler stands behind may be another token since, at the same place.
    /// </summary>
    public int Edits { get; private set; }

    /// <summary>Appends tokens from outside: the next turn of a conversation.</summary>
    public void AddPrompt(ReadOnlySpan<int> tokens)
    {
        Edits++;
        _tokens.AddRange(tokens);
        PromptLength = _tokens.Count;
    }

    /// <summary>Drops all known tokens from <paramref name="length"/> on.</summary>
    public void Cut(int length)
    {
        Edits++;
        _tokens.RemoveRange(length, _tokens.Count - length);
        LogitsAt = LogitsAt > length ? -1 : LogitsAt;
    }
}

namespace VkInfer.Tokenization;

/// <summary>A part of a regular expression.</summary>
internal abstract record Node;

/// <summary>Matches nothing, successfully.</summary>
internal sealed record EmptyNode : Node;

/// <summary>One code point of a set.</summary>
internal sealed record SetNode(CodePointSet Set) : Node;

/// <summary>Parts one after the other.</summary>
internal sealed record SequenceNode(IReadOnlyList<Node> Parts) : Node;

/// <summary>The first of several that lets the rest match.</summary>
internal sealed record AlternativesNode(IReadOnlyList<Node> Options) : Node;

/// <summary>A part several times.</summary>
/// <param name="Body">What is repeated.</param>
/// <param name="Min">How often at least.</param>
/// <param name="Max">How often at most; <see cref="Unlimited"/> for any number.</param>
/// <param name="Kind">How many are tried first.</param>
internal sealed record RepeatNode(Node Body, int Min, int Max, RepeatKind Kind) : Node
{
    /// <summary>No upper limit.</summary>
    public const int Unlimited = int.MaxValue;
}

/// <summary>How many repetitions are tried first.</summary>
internal enum RepeatKind
{
    /// <summary>As many as can be, then fewer.</summary>
    Greedy,

    /// <summary>As few as can be, then more.</summary>
    Lazy,

    /// <summary>As many as can be, and no fewer.</summary>
    Possessive,
}

/// <summary>A part whose first match counts, whatever follows.</summary>
internal sealed record AtomicNode(Node Body) : Node;

/// <summary>A condition on what follows or precedes.</summary>
internal sealed record LookNode(Node Body, bool IsBehind, bool IsNegative) : Node;

/// <summary>A condition on the position.</summary>
internal sealed record AnchorNode(Anchor Anchor) : Node;

/// <summary>Conditions on a position.</summary>
internal enum Anchor
{
    /// <summary>The text begins.</summary>
    TextBegin,

    /// <summary>The text ends.</summary>
    TextEnd,

    /// <summary>The text ends, or only a line feed follows.</summary>
    LastLineEnd,

    /// <summary>The text or a line begins.</summary>
    LineBegin,

    /// <summary>The text or a line ends.</summary>
    LineEnd,

    /// <summary>A word begins or ends.</summary>
    WordBoundary,

    /// <summary>No word begins or ends.</summary>
    NoWordBoundary,

    /// <summary>The search began here.</summary>
    SearchBegin,
}

/// <summary>A part whose text can be referred to.</summary>
internal sealed record CaptureNode(Node Body, int Number) : Node;

/// <summary>The text of an earlier capture.</summary>
internal sealed record ReferenceNode(int Number, bool IgnoresCase) : Node;

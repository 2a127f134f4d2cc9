namespace VkInfer.Tokenization;

/// <summary>What an <see cref="Instruction"/> does.</summary>
internal enum Operation
{
    /// <summary>The match, or the part, is complete.</summary>
    Accept,

    /// <summary>Takes one code point of the set.</summary>
    Set,

    /// <summary>Takes between X and Y code points of the set, in the order that the kind says.</summary>
    Loop,

    /// <summary>Goes on at X, and should that fail, at Y.</summary>
    Split,

    /// <summary>Goes on at X.</summary>
    Jump,

    /// <summary>Goes on where the condition on the position X holds.</summary>
    Anchor,

    /// <summary>Goes on at Y where the part that follows matches ahead, or does not.</summary>
    LookAhead,

    /// <summary>Goes on at Y where the part that follows matches up to here, or does not.</summary>
    LookBehind,

    /// <summary>Goes on at Y from the end of the first match of the part that follows.</summary>
    Atomic,

    /// <summary>Keeps the position in slot X.</summary>
    Store,

    /// <summary>Goes on at Y, out of a loop, where the position is still the one in slot X.</summary>
    LeaveIfEmpty,

    /// <summary>Takes the text between slots X and X + 1.</summary>
    Reference,
}

/// <summary>A step of an <see cref="Expression"/>.</summary>
internal sealed class Instruction
{
    public required Operation Operation { get; init; }

    /// <summary>What is taken, or at a split, what the first way begins with; null: anything, or nothing.</summary>
    public CodePointSet? Set { get; init; }

    /// <summary>At a split, what the other way begins with; null: anything, or nothing.</summary>
    public CodePointSet? Other { get; init; }

    public int X { get; set; }

    public int Y { get; set; }

    /// <summary>How a loop tries its counts.</summary>
    public RepeatKind Kind { get; init; }

    /// <summary>Whether a look is negative, or a reference without regard to case.</summary>
    public bool IsNegative { get; init; }

    /// <summary>The fewest and the most code points behind that a look must try.</summary>
    public (int Min, int Max) Width { get; init; }

    /// <summary>The number of a split or a loop, for remembering where it fails; -1 for others.</summary>
    public int Memo { get; set; } = -1;
}

namespace VkInfer.Jinja;

/// <summary>
/// What one rendering may cost; what exceeds it ends with <see cref="JinjaErrorKind.Limit"/>. The defaults are some hundred times what
/// a chat template takes for a long conversation. Immutable.
/// </summary>
public sealed record JinjaLimits
{
    /// <summary>Characters of a template's source.</summary>
    public int SourceLength { get; init; } = 1 << 18;

    /// <summary>Nested blocks and parentheses in a source, and operators in a row.</summary>
    public int SourceDepth { get; init; } = 250;

    /// <summary>Evaluations under way at a time, those of calling macros included.</summary>
    public int Depth { get; init; } = 1000;

    /// <summary>Lists within lists within lists.</summary>
    public int ValueDepth { get; init; } = 100;

    /// <summary>Evaluations in all; work on long strings counts as one for each 256 characters.</summary>
    public long Steps { get; init; } = 2_000_000;

    /// <summary>Characters of the output, and of every string on the way.</summary>
    public int TextLength { get; init; } = 4 << 20;

    /// <summary>Characters of all strings made on the way; an item of a list counts as 32.</summary>
    public long TotalLength { get; init; } = 32 << 20;

    /// <summary>Time of one rendering.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMilliseconds(800);
}

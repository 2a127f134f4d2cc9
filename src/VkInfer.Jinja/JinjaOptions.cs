namespace VkInfer.Jinja;

/// <summary>How a template is read and rendered. The defaults are those of Hugging Face's chat templates. Immutable.</summary>
public sealed record JinjaOptions
{
    /// <summary>Drops the first line break after a block or a comment.</summary>
    public bool TrimBlocks { get; init; } = true;

    /// <summary>Drops blanks between the beginning of a line and a block or a comment.</summary>
    public bool LstripBlocks { get; init; } = true;

    /// <summary>What <c>strftime_now</c> looks at; local time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What parsing and rendering may cost.</summary>
    public JinjaLimits Limits { get; init; } = new();
}

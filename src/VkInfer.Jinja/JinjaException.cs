namespace VkInfer.Jinja;

/// <summary>Why a template failed.</summary>
public enum JinjaErrorKind
{
    /// <summary>The source is no template.</summary>
    Syntax,

    /// <summary>An expression has no value: a wrong type, an undefined variable, a division by zero.</summary>
    Runtime,

    /// <summary>The template itself called <c>raise_exception</c>.</summary>
    Raised,

    /// <summary>A limit of <see cref="JinjaLimits"/> was reached.</summary>
    Limit,
}

/// <summary>A template that cannot be parsed or rendered.</summary>
public sealed class JinjaException : VkInferException
{
    internal JinjaException(JinjaErrorKind kind, string reason, int line = 0)
    {
        Kind = kind;
        Reason = reason;
        Line = line;
    }

    /// <summary>Why.</summary>
    public JinjaErrorKind Kind { get; }

    /// <summary>What is wrong, in the words of Jinja and Python where they have some; without the place.</summary>
    public string Reason { get; }

    /// <summary>The line of the template, from 1.</summary>
    public int Line { get; internal set; }

    /// <inheritdoc/>
    public override string Message => $"line {Math.Max(1, Line)}: {Reason}";

    internal static JinjaException Syntax(string reason, int line) => new(JinjaErrorKind.Syntax, reason, line);

    internal static JinjaException Runtime(string reason) => new(JinjaErrorKind.Runtime, reason);

    internal static JinjaException Limit(string reason) => new(JinjaErrorKind.Limit, reason);
}

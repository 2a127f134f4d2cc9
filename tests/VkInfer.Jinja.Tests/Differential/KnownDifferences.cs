using System.Text.RegularExpressions;

namespace VkInfer.Jinja.Tests;

/// <summary>What differs from jinja2 on purpose; docs/jinja.md has the same list.</summary>
internal static partial class KnownDifferences
{
    /// <summary>Why this template may differ; null where it must not.</summary>
    public static string? Reason(string template, string? expected, JinjaException? complaint)
    {
        if (complaint?.Kind == JinjaErrorKind.Limit || complaint?.Reason.Contains("complex", StringComparison.Ordinal) == true)
        {
            return "integers beyond 64 bits, complex numbers, limits";
        }

        if (expected is not null && Address().IsMatch(expected))
        {
            return "how a function or an object of Python's prints";
        }

        if (expected is not null && template.Contains(".pop(", StringComparison.Ordinal))
        {
            return "jinja2 before 3.1.3 lets a sandboxed template take items from a list";
        }

        return MarkupFilter().IsMatch(template) ? "text that is marked as safe is plain text" : null;
    }

    [GeneratedRegex(@"\|(safe|escape|e|forceescape|xmlattr)\b")]
    private static partial Regex MarkupFilter();

    [GeneratedRegex(" at 0x[0-9a-f]+|0x[0-9a-f]{9,}|<built-in method|<function |<jinja2\\.|<class ")]
    private static partial Regex Address();
}

using System.Text.RegularExpressions;

namespace VkInfer.Jinja.Tests;

/// <summary>What differs from jinja2 on purpose; docs/jinja.md has the same list.</summary>
internal static partial class KnownDifferences
{
    /// <summary>Why this template may differ; null where it must not.</summary>
    public static string? Reason(string template, string? expected, string? actual, JinjaException? complaint)
    {
        if (complaint?.Kind == JinjaErrorKind.Limit || complaint?.Reason.Contains("complex", StringComparison.Ordinal) == true)
        {
            return "integers beyond 64 bits, complex numbers, limits";
        }

        if (expected is not null && actual is not null && Address().IsMatch(expected)
            && WithoutNumbers(Address().Replace(expected, "")) == WithoutNumbers(actual))
        {
            return "the memory address of an object";
        }

        if (expected is not null && Function().IsMatch(expected))
        {
            return "how a function or a class of Python's prints";
        }

        if (expected is not null && template.Contains(".pop(", StringComparison.Ordinal))
        {
            return "jinja2 before 3.1.3 lets a sandboxed template take items from a list";
        }

        return MarkupFilter().IsMatch(template) ? "text that is marked as safe is plain text" : null;
    }

    [GeneratedRegex(@"\|(safe|escape|e|forceescape)\b")]
    private static partial Regex MarkupFilter();

    // An address changes the length of the text, which a template may print.
    private static string WithoutNumbers(string text) => Number().Replace(text, "0");

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex(" at 0x[0-9a-f]+", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex("<function |<bound method |<jinja2\\.|<class ")]
    private static partial Regex Function();
}

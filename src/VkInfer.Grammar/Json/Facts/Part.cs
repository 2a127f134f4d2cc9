using System.Text.Json;

namespace VkInfer.Grammar.Facts;

/// <summary>A schema that holds at a place, or does not.</summary>
/// <param name="Schema">The schema.</param>
/// <param name="At">Its JSON pointer, by which it is known.</param>
/// <param name="IsNegated">Whether what is valid under it is not allowed.</param>
internal readonly record struct Part(JsonElement Schema, string At, bool IsNegated = false)
{
    /// <summary>What tells it from others.</summary>
    public string Key => IsNegated ? "!" + At : At;

    public Part Negated => this with { IsNegated = !IsNegated };

    /// <summary>Whether nothing is valid under it.</summary>
    public bool IsNothing => Schema.ValueKind == (IsNegated ? JsonValueKind.True : JsonValueKind.False);

    /// <summary>Whether everything is.</summary>
    public bool IsAnything => Schema.ValueKind == (IsNegated ? JsonValueKind.False : JsonValueKind.True);
}

/// <summary>Schemas that all hold for one value.</summary>
internal sealed class Goal
{
    public Goal(params IEnumerable<Part> parts)
    {
        Parts = [.. parts.Where(part => !part.IsAnything).DistinctBy(part => part.Key)];
        Key = Parts.Length == 1 ? Parts[0].Key : string.Join('&', Parts.Select(part => part.Key).Order(StringComparer.Ordinal));
    }

    public Part[] Parts { get; }

    /// <summary>Goals with one key allow the same values.</summary>
    public string Key { get; }

    /// <summary>Where its first part stands, for messages.</summary>
    public string At => Parts.Length > 0 ? Parts[0].At : "#";

    public bool IsAnything => Parts.Length == 0;

    public bool IsNothing => Array.Exists(Parts, part => part.IsNothing);
}

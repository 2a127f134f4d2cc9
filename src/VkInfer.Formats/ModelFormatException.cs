namespace VkInfer.Formats;

/// <summary>
/// A model file is not what it claims to be: truncated, corrupt, hostile, or of a kind that is not supported. The message is one line
/// that names the file, the place and the finding, e.g.
/// <c>model.gguf at byte 8: tensor count 18446744073709551615 exceeds what a file of 1234 bytes can hold</c>.
/// </summary>
public sealed class ModelFormatException : VkInferException
{
    /// <summary>Describes a finding in a file.</summary>
    /// <param name="path">The file as the caller named it.</param>
    /// <param name="position">Byte offset of the offending field from the start of the file; null where the finding has no place.</param>
    /// <param name="what">What is wrong, without the place.</param>
    /// <param name="expected">What would have been right; null where <paramref name="what"/> says it all.</param>
    /// <param name="got">What was found instead; null where <paramref name="what"/> says it all.</param>
    public ModelFormatException(string path, long? position, string what, string? expected = null, string? got = null)
        : base(Compose(path, position, what, expected, got))
    {
        Path = path;
        Position = position;
        What = what;
        Expected = expected;
        Got = got;
    }

    /// <summary>The file as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Byte offset of the offending field from the start of the file; null where the finding has no place.</summary>
    public long? Position { get; }

    /// <summary>What is wrong, without the place.</summary>
    public string What { get; }

    /// <summary>What would have been right, if known.</summary>
    public string? Expected { get; }

    /// <summary>What was found instead, if known.</summary>
    public string? Got { get; }

    private static string Compose(string path, long? position, string what, string? expected, string? got)
    {
        string place = position is { } p ? $"{path} at byte {p}" : path;
        string contrast = (expected, got) switch
        {
            (null, null) => "",
            (null, _) => $"; got {got}",
            (_, null) => $"; expected {expected}",
            _ => $"; expected {expected}, got {got}",
        };
        return $"{place}: {what}{contrast}";
    }
}

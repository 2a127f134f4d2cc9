namespace VkInfer;

/// <summary>Paths and identifiers that a hub names and that become paths of this machine: nothing that leaves the folder passes.</summary>
internal static class HubPath
{
    private const int MostCharacters = 512;

    /// <summary>Whether a path below a repository, with slashes, stays below it on every system.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= MostCharacters && path.Split('/').All(IsSafeSegment);

    /// <summary>Whether a text is a hash in hexadecimal of a length that occurs: SHA-1 or SHA-256.</summary>
    public static bool IsHash(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    private static bool IsSafeSegment(string segment) =>
        segment.Length > 0 && segment is not ("." or "..") && segment[^1] is not ('.' or ' ')
        && segment.All(c => c >= ' ' && c is not ('\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' or '\x7f'));
}

using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace VkInfer;

/// <summary>
/// Name of a model on a hub: <c>hf:owner/repo[@revision][:file]</c>. The file is a GGUF file's path in the repository, or a quantisation as
/// <c>Q4_K_M</c>; without one, a repository of GGUF files gives the customary one (Q4_K_M where there is one), and any other its
/// safetensors with what belongs to them. Immutable.
/// </summary>
public sealed partial record ModelName
{
    /// <summary>How every name begins.</summary>
    public const string Prefix = "hf:";

    /// <summary>The revision where none is named.</summary>
    public const string DefaultRevision = "main";

    private const int MostCharacters = 1024;

    private ModelName(string owner, string repository, string revision, string? file)
    {
        Owner = owner;
        Repository = repository;
        Revision = revision;
        File = file;
    }

    /// <summary>Who owns the repository.</summary>
    public string Owner { get; }

    /// <summary>The repository, without its owner.</summary>
    public string Repository { get; }

    /// <summary>A branch, a tag or a commit.</summary>
    public string Revision { get; }

    /// <summary>A GGUF file's path in the repository, or a quantisation; null: see <see cref="ModelName"/>.</summary>
    public string? File { get; }

    /// <summary>Whether a text is meant as a name, not as a path.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) => text?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <summary>Reads a name.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ModelName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Match match = text.Length <= MostCharacters ? Form().Match(text) : Match.Empty;
        string? file = match.Groups["file"] is { Success: true } group ? group.Value : null;
        string revision = match.Groups["revision"] is { Success: true } named ? named.Value : DefaultRevision;
        if (!match.Success || !HubPath.IsSafe(revision) || (file is not null && !HubPath.IsSafe(file)) || HasSeparator(match))
        {
            throw new ArgumentException(
                $"\"{Formats.DisplayText.OneLine(text, 200)}\" is not {Prefix}owner/repo[@revision][:file or quantisation].", nameof(text));
        }

        return new ModelName(match.Groups["owner"].Value, match.Groups["repository"].Value, revision, file);
    }

    /// <summary>The same repository and revision, with another file.</summary>
    internal ModelName WithFile(string? file) => new(Owner, Repository, Revision, file);

    /// <summary>A name of parts that are known to be sound.</summary>
    internal static ModelName? TryCreate(string owner, string repository, string revision)
    {
        Match match = Form().Match($"{Prefix}{owner}/{repository}@{revision}");
        return match.Success && !HasSeparator(match) && HubPath.IsSafe(revision) ? new ModelName(owner, repository, revision, null) : null;
    }

    /// <summary>The name as it is written.</summary>
    public override string ToString() =>
        $"{Prefix}{Owner}/{Repository}{(Revision == DefaultRevision ? "" : $"@{Revision}")}{(File is null ? "" : $":{File}")}";

    // The hub allows neither in its names; the cache's folders separate owner and repository by the first.
    private static bool HasSeparator(Match match) =>
        HasSeparator(match.Groups["owner"].Value) || HasSeparator(match.Groups["repository"].Value);

    private static bool HasSeparator(string part) =>
        part.Contains("--", StringComparison.Ordinal) || part.Contains("..", StringComparison.Ordinal);

    [GeneratedRegex(@"\Ahf:(?<owner>[A-Za-z0-9][A-Za-z0-9._-]{0,95})/(?<repository>[A-Za-z0-9][A-Za-z0-9._-]{0,95})" +
        @"(@(?<revision>[^:@\s]+))?(:(?<file>[^:]+))?\z")]
    private static partial Regex Form();
}

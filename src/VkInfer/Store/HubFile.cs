namespace VkInfer;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Its path below the repository, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Hash">SHA-256 of its content, or the SHA-1 of it as a git object, in hexadecimal; the name of its blob.</param>
internal sealed record HubFile(string Path, long Size, string Hash);

/// <summary>A repository at one commit.</summary>
internal sealed record HubRepository(string Commit, IReadOnlyList<HubFile> Files);

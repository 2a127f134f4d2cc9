using System.Text;
using VkInfer.Formats;

namespace VkInfer;

/// <summary>
/// The paths of one repository in a folder laid out as Hugging Face's cache: <c>models--owner--repo</c> with <c>blobs/HASH</c>,
/// <c>snapshots/COMMIT/path</c> (links to blobs, or files where links cannot be made) and <c>refs/REVISION</c> (a commit).
/// </summary>
internal sealed class StoreFolder
{
    private const string Mark = "models--";

    private readonly string _root;

    public StoreFolder(string root, ModelName name)
    {
        _root = root;
        Name = name;
        Folder = Path.Combine(root, $"{Mark}{name.Owner}--{name.Repository}");
    }

    public ModelName Name { get; }

    public string Folder { get; }

    public bool Exists => Directory.Exists(Folder);

    private string Locks => Path.Combine(_root, ".locks", Path.GetFileName(Folder));

    /// <summary>Every repository of models in a folder.</summary>
    public static IEnumerable<StoreFolder> All(string root)
    {
        if (!Directory.Exists(root))
        {
            yield break;
        }

        foreach (string folder in Directory.EnumerateDirectories(root, Mark + "*").Order(StringComparer.Ordinal))
        {
            string[] parts = Path.GetFileName(folder)[Mark.Length..].Split("--");
            if (parts.Length == 2 && ModelName.TryCreate(parts[0], parts[1], ModelName.DefaultRevision) is { } name)
            {
                yield return new StoreFolder(root, name);
            }
        }
    }

    public string BlobPath(HubFile file) => Path.Combine(Folder, "blobs", file.Hash);

    public string SnapshotPath(string commit) => Path.Combine(Folder, "snapshots", commit);

    public string FilePath(string commit, string path) => Path.Combine([SnapshotPath(commit), .. path.Split('/')]);

    /// <summary>What is loaded of a selection: a file, or the snapshot.</summary>
    public string PathOf(string commit, FileSelection selection) =>
        selection.Entry is { } entry ? FilePath(commit, entry) : SnapshotPath(commit);

    public string LockPath(HubFile file) => Path.Combine(Locks, file.Hash + ".lock");

    /// <summary>The commits that are there, even in part.</summary>
    public IEnumerable<string> Commits()
    {
        string folder = Path.Combine(Folder, "snapshots");
        return (Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [])
            .Select(path => Path.GetFileName(path)!).Where(HubPath.IsHash).Order(StringComparer.Ordinal);
    }

    /// <summary>The commit that a revision was when it was last asked for; null where it is not known or not there.</summary>
    public string? FindCommit(string revision)
    {
        if (HubPath.IsHash(revision))
        {
            return Directory.Exists(SnapshotPath(revision)) ? revision : null;
        }

        try
        {
            string commit = File.ReadAllText(RefPath(revision)).Trim();
            return HubPath.IsHash(commit) && Directory.Exists(SnapshotPath(commit)) ? commit : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Revisions by the commit they name.</summary>
    public ILookup<string, string> Revisions()
    {
        string folder = Path.Combine(Folder, "refs");
        return (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories) : [])
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
            .Where(revision => FindCommit(revision) is not null)
            .Order(StringComparer.Ordinal)
            .ToLookup(revision => FindCommit(revision)!);
    }

    /// <summary>The files of a snapshot whose content is there, with slashes.</summary>
    public IReadOnlyList<string> Files(string commit)
    {
        string folder = SnapshotPath(commit);
        return
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(File.Exists).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The files that the repository has at a commit, here or not; null where nobody has noted them.</summary>
    public IReadOnlyList<string>? FindListing(string commit)
    {
        try
        {
            return [.. File.ReadAllLines(ListingPath(commit)).Where(HubPath.IsSafe)];
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Notes the files that the repository has at a commit: a name that leaves a choice means the same ever after.</summary>
    public void WriteListing(string commit, IEnumerable<string> files)
    {
        string path = ListingPath(commit);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WriteWhole(path, string.Join('\n', files));
    }

    /// <summary>Makes a revision known as a commit.</summary>
    public void WriteRef(string revision, string commit)
    {
        if (HubPath.IsHash(revision))
        {
            return;
        }

        string path = RefPath(revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WriteWhole(path, commit);
    }

    /// <summary>Puts a file whose blob is there into a snapshot: as a link, or where none can be made, by moving the blob.</summary>
    /// <param name="commit">The snapshot.</param>
    /// <param name="file">The file.</param>
    /// <param name="link">Makes a link to a path that is relative to its folder.</param>
    public void Link(string commit, HubFile file, Action<string, string> link)
    {
        string path = FilePath(commit, file.Path);
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string blob = BlobPath(file);
        try
        {
            File.Delete(path); // A link to nothing.
            link(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, blob));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException && !File.Exists(path))
        {
            File.Move(blob, path);
        }
    }

    /// <summary>Takes the whole repository away.</summary>
    public void Delete()
    {
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(Locks))
        {
            Directory.Delete(Locks, recursive: true);
        }
    }

    /// <summary>Deletes the blobs that no snapshot links to, beginnings of downloads among them.</summary>
    public void DeleteUnused()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Folder, "snapshots"), "*", SearchOption.AllDirectories))
        {
            if (new FileInfo(path).LinkTarget is { } target)
            {
                used.Add(Path.GetFileName(target));
            }
        }

        string blobs = Path.Combine(Folder, "blobs");
        foreach (string path in Directory.Exists(blobs) ? Directory.GetFiles(blobs) : [])
        {
            if (!used.Contains(Path.GetFileName(path)))
            {
                File.Delete(path);
            }
        }
    }

    private static void WriteWhole(string path, string text) => NewFile.Write(path, file => file.Write(Encoding.UTF8.GetBytes(text)));

    // A folder that Hugging Face's tools do not look into.
    private string ListingPath(string commit) => Path.Combine(Folder, "vkinfer", commit);

    private string RefPath(string revision) => Path.Combine([Folder, "refs", .. revision.Split('/')]);
}

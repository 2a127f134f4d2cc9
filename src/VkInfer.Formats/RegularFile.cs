using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace VkInfer.Formats;

/// <summary>
/// Opens files that strangers may have made. Opening a pipe without a writer never returns and reading a device may never end, so a file is
/// looked at first: pipes, devices and sockets have no length, and a file without a length is not opened at all. Links are followed.
/// </summary>
internal static class RegularFile
{
    /// <summary>Bytes of a file, or of what it links to; 0 for what is no regular file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static long FindLength(string path) =>
        TryFindLength(path) ?? throw new FileNotFoundException($"{path}: no such file", path);

    /// <summary>Bytes of a file, or of what it links to; 0 for what is no regular file, null where there is no file.</summary>
    public static long? TryFindLength(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return null;
        }

        if (file.LinkTarget is not null)
        {
            // The length of a link is that of the path it names.
            file = new FileInfo(file.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }

        return !file.Exists ? null : file.Length;
    }

    /// <summary>Whether a path, or what it links to, is a regular file, be it an empty one.</summary>
    public static bool IsRegular(string path)
    {
        if (OperatingSystem.IsWindows() || TryFindLength(path) is null or > 0)
        {
            return File.Exists(path);
        }

        // Writing an archive is what the class library can do that looks at the kind of a file without opening it.
        string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        using var archive = new MemoryStream();
        try
        {
            using var writer = new TarWriter(archive, leaveOpen: true);
            writer.WriteEntry(target, "file");
        }
        catch (IOException)
        {
            return false; // A socket.
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()?.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;
    }

    /// <summary>Opens a file that has a length.</summary>
    public static SafeFileHandle OpenRead(string path, FileOptions options = FileOptions.None) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, options);

    /// <summary>Reads a whole file of bounded length.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">A longer file is refused before it is opened.</param>
    /// <returns>Its bytes; none for what is no regular file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is longer.</exception>
    /// <exception cref="IOException">The system cannot read it.</exception>
    public static byte[] ReadAllBytes(string path, long maxBytes)
    {
        long length = FindLength(path);
        if (length > maxBytes)
        {
            throw new InvalidDataException($"{path}: {length} bytes; expected at most {maxBytes}");
        }

        if (length == 0)
        {
            return [];
        }

        using SafeFileHandle file = OpenRead(path);
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(done), done) is > 0 and var read)
        {
            done += read;
        }

        return done == bytes.Length ? bytes : bytes[..done];
    }
}

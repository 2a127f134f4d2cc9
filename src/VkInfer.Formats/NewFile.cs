namespace VkInfer.Formats;

/// <summary>Writes files whole: whoever opens one finds the old or the new, and two that write at once do not meet.</summary>
internal static class NewFile
{
    /// <summary>Writes a file beside the old one, under a name of its own, and puts it into the old one's place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes it; where it throws, nothing of the new file is left.</param>
    /// <exception cref="IOException">It cannot be written, or the path is a directory, a device or a pipe.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        RequireReplaceable(path);
        string unfinished = $"{path}.{Guid.NewGuid():n}.part";
        try
        {
            using (var file = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(file);
            }

            RequireReplaceable(path);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>Refuses what a rename would destroy: only a regular file is replaced.</summary>
    public static void RequireReplaceable(string path)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"{path}: is a directory");
        }

        if (File.Exists(path) && !RegularFile.IsRegular(path))
        {
            throw new IOException($"{path}: is a device, a pipe or a link to one, and no file that could be replaced");
        }
    }
}

namespace VkInfer.Cli;

/// <summary>A file that a command writes at the end of its work.</summary>
internal static class OutputFile
{
    /// <summary>Fails before the work where the file could not be written behind it. What is there stays as it is.</summary>
    /// <param name="path">The file; null: none is asked for.</param>
    /// <exception cref="CliException">It cannot be written; the message says why.</exception>
    public static void RequireWritable(string? path)
    {
        if (path is null)
        {
            return;
        }

        if (path.Length == 0)
        {
            throw CliException.Usage("the name of the file to write is empty");
        }

        if (Directory.Exists(path))
        {
            throw new CliException($"{path}: is a directory");
        }

        if (File.Exists(path))
        {
            return; // Whoever opens a pipe and closes it ends its reader.
        }

        try
        {
            new FileStream(path, FileMode.CreateNew, FileAccess.Write).Dispose();
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            throw new CliException($"{path}: its folder is not there");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path}: {problem.Message}");
        }
    }
}

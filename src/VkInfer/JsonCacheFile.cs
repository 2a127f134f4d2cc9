using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using VkInfer.Formats;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Small JSON files in the folder of the pipeline caches. Nobody need trust them: one that cannot be used is ignored, with a warning of one
/// line, and its reader does without.
/// </summary>
internal static class JsonCacheFile
{
    /// <summary>Reads a file; null where there is none, or none to be trusted.</summary>
    /// <param name="path">The file; null where nothing is kept on disk.</param>
    /// <param name="type">Reads its content.</param>
    /// <param name="maxBytes">A longer file is not read.</param>
    /// <param name="problem">Says why the content is not to be used; null: it is.</param>
    /// <param name="logger">Receives the warning.</param>
    public static T? Read<T>(string? path, JsonTypeInfo<T> type, long maxBytes, Func<T, string?> problem, ILogger? logger)
        where T : class
    {
        if (path is null || !File.Exists(path))
        {
            return null;
        }

        string? found;
        try
        {
            T? read = JsonSerializer.Deserialize(RegularFile.ReadAllBytes(path, maxBytes), type);
            found = read is null ? "it is empty" : problem(read);
            if (found is null)
            {
                return read;
            }
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or ArgumentException)
        {
            found = exception.Message;
        }

        Warn(logger, path, found);
        return null;
    }

    /// <summary>Writes a file whole: a reader never sees half of it.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written, or nothing is kept on disk.</exception>
    public static string Write<T>(string? path, JsonTypeInfo<T> type, T value)
    {
        if (path is null)
        {
            throw new IOException($"nothing is kept on disk: {GpuCacheFolder.EnvironmentVariable} is off, or the user has no home");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        NewFile.Write(path, file => file.Write(JsonSerializer.SerializeToUtf8Bytes(value, type)));
        return path;
    }

    /// <summary>Says in one line that a file is not used.</summary>
    public static void Warn(ILogger? logger, string path, string problem) =>
        logger?.LogWarning("{Path} is ignored: {Problem}", path, problem.ReplaceLineEndings(" "));
}

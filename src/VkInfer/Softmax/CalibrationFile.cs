using System.Text.Json;
using Microsoft.Extensions.Logging;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Where calibrations are kept: one small JSON file for each model, in the folder of the pipeline caches.</summary>
internal static class CalibrationFile
{
    // A thousand layers take less.
    private const int MaxBytes = 1 << 20;

    /// <summary>The file of a model; null where nothing is kept on disk.</summary>
    public static string? PathOf(string model) =>
        GpuCacheFolder.Current() is { } folder ? Path.Combine(folder, $"softmax-{model[..32]}.json") : null;

    /// <summary>The calibration of a model; null, with a warning of one line, where its file is not to be trusted.</summary>
    public static SoftmaxCalibration? Read(string model, int layers, ILogger? logger)
    {
        if (PathOf(model) is not { } path || !File.Exists(path))
        {
            return null;
        }

        string? problem;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxBytes)
            {
                problem = $"it has {file.Length} bytes, expected at most {MaxBytes}";
            }
            else
            {
                SoftmaxCalibration? read = JsonSerializer.Deserialize(file, CalibrationJsonContext.Default.SoftmaxCalibration);
                problem = read is null ? "it is empty" : read.Problem(model, layers);
                if (problem is null)
                {
                    return read;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            problem = exception.Message;
        }

        logger?.LogWarning("{Path} is ignored: {Problem}", path, problem.ReplaceLineEndings(" "));
        return null;
    }

    /// <summary>Writes a calibration to its place.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string Write(SoftmaxCalibration calibration)
    {
        string path = PathOf(calibration.Model)
            ?? throw new IOException($"nothing is kept on disk: {GpuCacheFolder.EnvironmentVariable} is off, or the user has no home");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // A reader never sees half of it.
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(calibration, CalibrationJsonContext.Default.SoftmaxCalibration));
        File.Move(temporary, path, overwrite: true);
        return path;
    }
}

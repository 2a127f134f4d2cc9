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
    public static SoftmaxCalibration? Read(string model, int layers, ILogger? logger) => JsonCacheFile.Read(
        PathOf(model), CalibrationJsonContext.Default.SoftmaxCalibration, MaxBytes, read => read.Problem(model, layers), logger);

    /// <summary>Writes a calibration to its place.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string Write(SoftmaxCalibration calibration) =>
        JsonCacheFile.Write(PathOf(calibration.Model), CalibrationJsonContext.Default.SoftmaxCalibration, calibration);
}

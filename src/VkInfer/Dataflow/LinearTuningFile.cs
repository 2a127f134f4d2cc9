using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Where tunings are kept: one JSON file for each device, in the folder of the pipeline caches. Some come with the library, for devices
/// that it was measured on.
/// </summary>
internal static class LinearTuningFile
{
    // A hundred shapes take less; the tables in it are a few thousand numbers.
    private const int MaxBytes = 4 << 20;
    private const int MaxTables = 4096;
    private const string ShippedPrefix = "tunings/";

    /// <summary>The file of a device; null where nothing is kept on disk.</summary>
    public static string? PathOf(PhysicalDeviceInfo device) =>
        GpuCacheFolder.Current() is { } folder ? Path.Combine(folder, $"linear-{device.Uuid}.json") : null;

    /// <summary>
    /// The look-up for a device: of its own file, and for shapes that it has not, of one that comes with the library, whose driver and
    /// shaders may be others: its choices are still better than a guess. Without its own file, with a warning of one line, where that is
    /// not to be trusted.
    /// </summary>
    public static LinearDataflow Load(KernelContext context, LinearChoice choice, ILogger? logger)
    {
        PhysicalDeviceInfo device = context.Device.Info;
        LinearTuning? shipped = ReadShipped(device);
        LinearDataflow dataflow = Use(context, Complete(Read(device, logger), shipped), logger)
            ?? Use(context, shipped, logger) ?? LinearDataflow.Empty;
        return dataflow with { Forced = FormOf(choice) };
    }

    /// <summary>The tuning of a device's own file; null, with a warning of one line, where there is none to be trusted.</summary>
    public static LinearTuning? Read(PhysicalDeviceInfo device, ILogger? logger) => JsonCacheFile.Read(
        PathOf(device), LinearTuningJsonContext.Default.LinearTuning, MaxBytes, read => Problem(read, device), logger);

    /// <summary>The tuning that comes with the library for devices of this name and driver; null: none.</summary>
    public static LinearTuning? ReadShipped(PhysicalDeviceInfo device)
    {
        Assembly assembly = typeof(LinearTuningFile).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(ShippedPrefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            LinearTuning tuning = JsonSerializer.Deserialize(stream, LinearTuningJsonContext.Default.LinearTuning)!;
            if (tuning.Device == device.Name && tuning.DriverName == device.DriverName)
            {
                return tuning;
            }
        }

        return null;
    }

    /// <summary>A tuning with another's tables of shapes that it has not; null where there is none.</summary>
    internal static LinearTuning? Complete(LinearTuning? tuning, LinearTuning? other) => tuning is null || other is null
        ? tuning
        : tuning with { Tables = [.. tuning.Tables, .. other.Tables.ExceptBy(tuning.Tables.Select(Key), Key)] };

    /// <summary>Writes a tuning to its place, beside what is known there of other shapes.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string Write(PhysicalDeviceInfo device, LinearTuning tuning)
    {
        LinearTuning? known = Read(device, null);
        LinearTuning whole = Complete(tuning, known)! with { WorstExcess = Math.Max(tuning.WorstExcess, known?.WorstExcess ?? 0) };

        return JsonCacheFile.Write(PathOf(device), LinearTuningJsonContext.Default.LinearTuning, whole);
    }

    /// <summary>What tells the shaders of linear layers from others.</summary>
    public static string Shaders => ShaderLibrary.Fingerprint("gemm_", "gemv_");

    private static (WeightType, int, int) Key(LinearTable table) => (table.Type, table.Rows, table.Columns);

    private static string? Problem(LinearTuning tuning, PhysicalDeviceInfo device) =>
        tuning.Device != device.Name ? $"it is of the device {tuning.Device}, this is {device.Name}"
        : (tuning.DriverName, tuning.DriverVersion) != (device.DriverName, device.DriverVersion)
            ? $"it is of the driver {tuning.DriverName} {tuning.DriverVersion}, this is {device.DriverName} {device.DriverVersion}; tune again"
        : tuning.Shaders != Shaders ? "it is of other shaders than these; tune again"
        : tuning.Tables.Count > MaxTables ? $"it has {tuning.Tables.Count} tables, expected at most {MaxTables}"
        : null;

    private static LinearDataflow? Use(KernelContext context, LinearTuning? tuning, ILogger? logger)
    {
        try
        {
            return tuning is null ? null : LinearDataflow.Create(context, tuning.Tables);
        }
        catch (ArgumentException exception)
        {
            JsonCacheFile.Warn(logger, PathOf(context.Device.Info) ?? "the table of linear layers", exception.Message);
            return null;
        }
    }

    /// <summary>The only form that a choice leaves; null: all.</summary>
    public static LinearForm? FormOf(LinearChoice choice) => choice switch
    {
        LinearChoice.Gemv => LinearForm.Gemv,
        LinearChoice.Flat => LinearForm.Flat,
        LinearChoice.Tiled => LinearForm.Tiled,
        _ => null,
    };
}

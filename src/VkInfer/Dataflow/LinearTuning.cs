using System.Text.Json.Serialization;
using VkInfer.Kernels;

namespace VkInfer.Research;

/// <summary>What was measured of the linear layers of some models on one device. Immutable.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="DriverName">Its driver.</param>
/// <param name="DriverVersion">The driver's version.</param>
/// <param name="Shaders">What tells the shaders measured from others.</param>
/// <param name="WorstExcess">
/// How much longer, as a share, a chosen product took than the best of any form when both were measured again, at worst.
/// </param>
/// <param name="Tables">One for each shape and type of a matrix.</param>
public sealed record LinearTuning(
    string Device, string DriverName, string DriverVersion, string Shaders, double WorstExcess, IReadOnlyList<LinearTable> Tables)
{
    /// <summary>What was left out while measuring, and why; not kept in files.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Reads and writes tunings without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    IgnoreReadOnlyProperties = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(LinearTuning))]
internal sealed partial class LinearTuningJsonContext : JsonSerializerContext;

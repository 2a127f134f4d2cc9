using System.Text.Json.Serialization;

namespace VkInfer;

/// <summary>What self-tests found on a device. A file of it lies beside the pipeline caches.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="DriverName">Its driver.</param>
/// <param name="DriverVersion">The driver's version.</param>
/// <param name="Results">
/// By the key of a case, which holds a hash of the shader: <see cref="Passed"/>, or what was wrong.
/// </param>
/// <param name="Begun">Cases that a process has begun and not ended.</param>
internal sealed record SelfTestRecord(
    string Device, string DriverName, string DriverVersion, Dictionary<string, string> Results, Dictionary<string, BegunCase> Begun)
{
    /// <summary>The result was right.</summary>
    public const string Passed = "passed";
}

/// <summary>A case that has not ended. Where its process has, the case may be to blame.</summary>
/// <param name="ProcessId">Who runs it.</param>
/// <param name="Alone">No other was begun with it.</param>
internal sealed record BegunCase(int ProcessId, bool Alone);

/// <summary>Reads and writes records without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SelfTestRecord))]
internal sealed partial class SelfTestJsonContext : JsonSerializerContext;

using System.Text.Json.Serialization;
using VkInfer.Kernels;

namespace VkInfer.Research;

/// <summary>What calibration found out about the attention scores of a model, and what it chose. Immutable.</summary>
/// <param name="Version">Version of this record; <see cref="CurrentVersion"/>.</param>
/// <param name="Model">The model's fingerprint.</param>
/// <param name="Tokens">Tokens of the text.</param>
/// <param name="Layers">One entry for each layer.</param>
public sealed record SoftmaxCalibration(int Version, string Model, int Tokens, IReadOnlyList<LayerCalibration> Layers)
{
    /// <summary>Files of other versions are ignored.</summary>
    public const int CurrentVersion = 1;

    /// <summary>What is wrong with a record that was read from somewhere, or null.</summary>
    /// <param name="model">Fingerprint of the model that it should be of.</param>
    /// <param name="layers">Layers of that model.</param>
    internal string? Problem(string model, int layers)
    {
        if (Version != CurrentVersion)
        {
            return $"version {Version}, expected {CurrentVersion}";
        }

        if (Model != model)
        {
            return "it is of another model";
        }

        if (Layers is null || Layers.Count != layers || Layers.Contains(null!))
        {
            return $"it has {Layers?.Count ?? 0} layers, expected {layers}";
        }

        for (int i = 0; i < layers; i++)
        {
            try
            {
                Layers[i].Asynchronized.Validate();
                Layers[i].Softmax(Layers[i].Decode).Validate();
                Layers[i].Softmax(Layers[i].Prefill).Validate();
            }
            catch (ArgumentException exception)
            {
                return $"layer {i}: {exception.Message}";
            }
        }

        return null;
    }
}

/// <summary>The attention scores of one layer, as the softmax sees them, and what follows from them.</summary>
/// <param name="Minimum">The lowest score.</param>
/// <param name="Maximum">The highest.</param>
/// <param name="Quantiles">The scores below which 0.01 %, 1 %, 50 %, 99 % and 99.99 % lie, to half a unit.</param>
/// <param name="Phi">φ.</param>
/// <param name="Lower">φ + a.</param>
/// <param name="Upper">φ + b.</param>
/// <param name="Decode">Scheme chosen for decode.</param>
/// <param name="Prefill">Scheme chosen for prefill.</param>
/// <param name="DecodeRate">Rows per row that would have been computed anew in decode, with the asynchronized scheme.</param>
/// <param name="PrefillRate">The same for prefill on matrix units, whose weights are float16.</param>
public sealed record LayerCalibration(
    float Minimum, float Maximum, IReadOnlyList<float> Quantiles, float Phi, float Lower, float Upper, SoftmaxScheme Decode,
    SoftmaxScheme Prefill, double DecodeRate, double PrefillRate)
{
    /// <summary>The asynchronized scheme with these bounds.</summary>
    [JsonIgnore]
    public AttentionSoftmax Asynchronized => Softmax(SoftmaxScheme.Asynchronized);

    /// <summary>A scheme with these bounds.</summary>
    public AttentionSoftmax Softmax(SoftmaxScheme scheme) => new(scheme, Phi, Lower, Upper);
}

/// <summary>Reads and writes calibrations without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SoftmaxCalibration))]
internal sealed partial class CalibrationJsonContext : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace VkInfer.Proof;

/// <summary>What was measured on one device.</summary>
/// <param name="Device">The device, as its driver calls it.</param>
/// <param name="Driver">Name and version of the driver.</param>
/// <param name="Models">By the name of the fixture.</param>
/// <param name="Missing">Why figures are not there; null where all are.</param>
/// <param name="Unmeasured">Formats that <paramref name="Missing"/> speaks of; null: it speaks of all.</param>
/// <param name="UnmeasuredModels">Models that have not been measured, and why.</param>
internal sealed record DeviceProof(
    string Device, string Driver, SortedDictionary<string, ModelProof> Models, string? Missing = null, string[]? Unmeasured = null,
    SortedDictionary<string, string>? UnmeasuredModels = null)
{
    /// <summary>Reads a file that <see cref="Write"/> wrote.</summary>
    public static DeviceProof Read(string path) => JsonSerializer.Deserialize(File.ReadAllBytes(path), ProofJson.Default.DeviceProof)!;

    /// <summary>Writes a file; what it holds of other models and formats, measured on the same device and driver, stays.</summary>
    public void Write(string path)
    {
        SortedDictionary<string, ModelProof> all = new(Models, StringComparer.Ordinal);
        (string? missing, string[]? unmeasured, SortedDictionary<string, string>? models) = (Missing, Unmeasured, UnmeasuredModels);
        if (File.Exists(path) && Read(path) is var old && old.Device == Device && old.Driver == Driver)
        {
            foreach ((string name, ModelProof model) in old.Models)
            {
                if (!all.TryAdd(name, model))
                {
                    all[name] = all[name] with { Formats = Joined(model.Formats, all[name].Formats) };
                }
            }

            models ??= old.UnmeasuredModels is { } without ? new(without, StringComparer.Ordinal) : null;
            foreach (string name in Models.Keys)
            {
                models?.Remove(name);
            }

            (missing, unmeasured) = missing is null ? (old.Missing, old.Unmeasured) : (missing, unmeasured);
        }

        File.WriteAllText(
            path,
            JsonSerializer.Serialize(
                this with { Models = all, Missing = missing, Unmeasured = unmeasured, UnmeasuredModels = models },
                ProofJson.Default.DeviceProof) + "\n");
    }

    private static Dictionary<string, double> Joined(Dictionary<string, double> old, Dictionary<string, double> measured)
    {
        Dictionary<string, double> all = new(old, StringComparer.Ordinal);
        foreach ((string format, double error) in measured)
        {
            all[format] = error;
        }

        return all;
    }
}

/// <summary>The largest differences of any logit from its reference, relative to the largest logit.</summary>
/// <param name="Prefill">The fixture, in float32, in one pass, from transformers.</param>
/// <param name="Decode">The same, token by token.</param>
/// <param name="Formats">By the name of the weights' format: the wide model, from the reference transformer.</param>
internal sealed record ModelProof(double? Prefill, double? Decode, Dictionary<string, double> Formats);

/// <summary>Reads and writes the files without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n",
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeviceProof))]
[JsonSerializable(typeof(int[]))]
internal sealed partial class ProofJson : JsonSerializerContext;

using System.Text.Json;

namespace VkInfer.Formats;

/// <summary>The index of a model in shards: which tensor is in which file of the same folder.</summary>
internal static class SafetensorsIndex
{
    /// <summary>Longest index that is read; those of the largest models have a few megabytes.</summary>
    private const long MaxBytes = 64 << 20;

    /// <summary>Reads an index.</summary>
    /// <returns>File names in the order of their first tensor, each with the names of its tensors.</returns>
    /// <exception cref="ModelFormatException">It is no such JSON, or names files elsewhere.</exception>
    public static OrderedDictionary<string, HashSet<string>> Read(string path)
    {
        byte[] json;
        try
        {
            json = RegularFile.ReadAllBytes(path, MaxBytes);
        }
        catch (InvalidDataException)
        {
            throw new ModelFormatException(
                path, null, "the index is too long", $"at most {MaxBytes} bytes", $"{RegularFile.FindLength(path)}");
        }

        var shards = new OrderedDictionary<string, HashSet<string>>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            {
                throw new ModelFormatException(path, null, "weight_map is missing", "an object of file names");
            }

            foreach (JsonProperty entry in map.EnumerateObject())
            {
                string shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
                if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().IndexOfAny("/\\:\0") >= 0)
                {
                    throw new ModelFormatException(
                        path, null, $"the file of tensor {DisplayText.Quote(entry.Name)} is wrong", "the name of a file in the same folder",
                        DisplayText.Quote(shard));
                }

                if (!shards.TryGetValue(shard, out HashSet<string>? tensors))
                {
                    shards[shard] = tensors = new HashSet<string>(StringComparer.Ordinal);
                }

                tensors.Add(entry.Name);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException(path, null, $"the index is not valid JSON ({DisplayText.Quote(exception.Message)})");
        }

        return shards.Count > 0 ? shards : throw new ModelFormatException(path, null, "weight_map is empty");
    }

    /// <summary>Refuses a shard that does not hold exactly the tensors that the index expects of it.</summary>
    public static void Check(string index, string shard, HashSet<string> expected, List<GgufTensor> found)
    {
        foreach (GgufTensor tensor in found)
        {
            if (!expected.Remove(tensor.Name))
            {
                throw new ModelFormatException(
                    index, null,
                    $"tensor {DisplayText.Quote(tensor.Name)} is in {DisplayText.Quote(shard)}, where the index does not expect it");
            }
        }

        if (expected.Count > 0)
        {
            throw new ModelFormatException(
                index, null,
                $"tensor {DisplayText.Quote(expected.First())} is not in {DisplayText.Quote(shard)}, where the index expects it");
        }
    }
}

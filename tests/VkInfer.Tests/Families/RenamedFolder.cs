using System.Text;
using System.Text.Json.Nodes;

namespace VkInfer.Tests.Families;

/// <summary>A fixture's folder with other fields in its configuration, and other names of its tensors.</summary>
internal static class RenamedFolder
{
    private const string Weights = "model.safetensors";

    /// <summary>Writes the folder.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="change">Changes the configuration.</param>
    /// <param name="rename">A tensor's name there.</param>
    public static void Write(LogitsReference fixture, string folder, Action<JsonObject> change, Func<string, string> rename)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Path, "config.json")))!.AsObject();
        change(config);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        byte[] file = File.ReadAllBytes(Path.Combine(fixture.Path, Weights));
        int length = checked((int)BitConverter.ToUInt64(file));
        var renamed = new JsonObject();
        foreach ((string name, JsonNode? tensor) in JsonNode.Parse(file.AsSpan(sizeof(ulong), length))!.AsObject())
        {
            renamed[rename(name)] = tensor!.DeepClone();
        }

        byte[] header = Encoding.UTF8.GetBytes(renamed.ToJsonString());
        byte[] data = file[(sizeof(ulong) + length)..];
        File.WriteAllBytes(Path.Combine(folder, Weights), [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. data]);
        TinyTokenizer.Write(folder, fixture.Rows[0].Length);
    }
}

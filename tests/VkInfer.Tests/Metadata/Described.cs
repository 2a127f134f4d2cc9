using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tests.Families;
using VkInfer.Tests.Hostile;

namespace VkInfer.Tests.Metadata;

/// <summary>What a model file is taken for, without a device.</summary>
internal static class Described
{
    /// <summary>The configuration of a GGUF file that differs from the tiny Llama in some keys.</summary>
    public static ModelConfig Gguf(Action<TinyLlama> change, ListLogger? logger = null)
    {
        var model = new TinyLlama();
        change(model);
        using var file = new TemporaryFile(model.ToArray());
        return Accepted(file.Path, logger);
    }

    /// <summary>The same of another architecture whose tensors are a Llama's.</summary>
    public static ModelConfig Gguf(string architecture, Action<TinyLlama> change, ListLogger? logger = null) => Gguf(
        model =>
        {
            model.Rename(architecture);
            change(model);
        },
        logger);

    /// <summary>The configuration of a folder.</summary>
    public static ModelConfig Folder(TinyFolder folder, ListLogger? logger = null) => Accepted(folder.Write(), logger);

    /// <summary>The configuration of a fixture's folder that differs in some fields; refused with its exception.</summary>
    public static ModelConfig Fixture(string name, Action<JsonObject> change)
    {
        string fixture = LogitsReference.OfFixture(name).Path;
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(fixture, "model.safetensors"), folder.PathOf("model.safetensors"));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture, "config.json")))!.AsObject();
        change(config);
        folder.Write("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()));
        using ModelSource source = ModelSource.Open(folder.FullName);
        return source.ReadConfig();
    }

    /// <summary>Puts the fields of a JSON object into a configuration.</summary>
    public static void Merge(JsonObject config, string fields)
    {
        foreach ((string key, JsonNode? value) in JsonNode.Parse(fields)!.AsObject())
        {
            config[key] = value?.DeepClone();
        }
    }

    /// <summary>Why a folder is refused.</summary>
    public static string Refused(TinyFolder folder)
    {
        ModelInspection inspection = ModelInspection.Inspect(folder.Write());
        Assert.That(inspection.Unsupported, Is.Not.Null, "it is taken");
        return inspection.Unsupported!;
    }

    private static ModelConfig Accepted(string path, ListLogger? logger)
    {
        ModelInspection inspection = ModelInspection.Inspect(path, new ModelOptions { Logger = logger });
        Assert.That(inspection.Unsupported, Is.Null);
        return inspection.Config!;
    }
}

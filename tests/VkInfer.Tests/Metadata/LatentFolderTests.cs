using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Testing;
using VkInfer.Tests.Families;

namespace VkInfer.Tests.Metadata;

/// <summary>Folders of latent attention whose keys are missing, or say what does not run, are refused by the key.</summary>
public sealed class LatentFolderTests
{
    private static IEnumerable<TestCaseData> Missing =>
        from key in new[] { "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "n_routed_experts", "rms_norm_eps" }
        select new TestCaseData(key);

    [TestCaseSource(nameof(Missing))]
    public void What_a_folder_must_say_has_no_default(string key) =>
        Assert.That(Refused(config => config.Remove(key)), Does.Contain($"config.json: {key}"));

    [TestCase("kv_lora_rank", 33)]
    [TestCase("kv_lora_rank", 1 << 20)]
    [TestCase("kv_lora_rank", 0)]
    [TestCase("qk_rope_head_dim", 7)]
    [TestCase("qk_nope_head_dim", 0)]
    [TestCase("v_head_dim", -1)]
    [TestCase("n_group", 3)]
    public void A_size_that_does_not_run_is_refused(string key, int value) =>
        Assert.That(Refused(config => config[key] = value), Does.Contain("config.json").And.Contain(key));

    private static string Refused(Action<JsonObject> change)
    {
        string fixture = LogitsReference.OfFixture("deepseek-v2").Path;
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(fixture))
        {
            File.Copy(file, folder.PathOf(Path.GetFileName(file)));
        }

        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.PathOf("config.json")))!.AsObject();
        change(config);
        folder.Write("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()));
        try
        {
            ModelInspection inspection = ModelInspection.Inspect(folder.FullName);
            Assert.That(inspection.Unsupported, Is.Not.Null, "it is taken");
            return inspection.Unsupported!;
        }
        catch (UnsupportedModelException refusal)
        {
            // The keys divide tensors, which are looked at even where the model is not taken.
            return refusal.Message;
        }
    }
}

using System.Runtime.CompilerServices;
using VkInfer.Configuration;
using VkInfer.Families;
using VkInfer.Proof;

namespace VkInfer.Tests.Proof;

/// <summary>docs/models.md has what was measured, and nothing is left out that the code has.</summary>
public sealed class ProofTablesTests
{
    private static string Docs => Path.Combine(Folder(), "..", "..", "..", "docs");

    [Test]
    public void The_tables_are_those_of_the_figures()
    {
        string text = File.ReadAllText(ProofTables.PathIn(Docs));
        Assert.That(ProofTables.Replace(text, ProofTables.Read(Docs)), Is.EqualTo(text), "run tools/proof docs");
    }

    [Test]
    public void Every_model_and_format_has_a_figure_on_every_device_or_a_reason_why_not()
    {
        IReadOnlyList<DeviceProof> devices = ProofTables.Read(Docs);
        Assert.That(devices.Where(device => device.Missing is null || device.Unmeasured is not null), Is.Not.Empty);
        foreach (DeviceProof device in devices.Where(device => device.Missing is null || device.Unmeasured is not null))
        {
            Assert.That(
                Fixture.All.SelectMany(fixture => Empty(device, fixture.Name)), Is.Empty, $"{device.Device}: run tools/proof for these");
        }
    }

    [Test]
    public void Every_family_has_a_fixture()
    {
        // Encoders have no logits, and fixtures of their own; EmbeddingGemma's folders are of a type of Gemma 3.
        IEnumerable<string> folders = Fixture.All.Select(fixture => fixture.Folder)
            .Concat(Directory.GetDirectories(Path.Combine(Folder(), "..", "Embeddings", "Fixtures")));
        string[] types =
        [
            .. folders.Select(folder => Path.Combine(folder, "config.json")).Where(File.Exists)
                .Select(path => HfJson.Read(path).String("model_type")),
        ];
        Assert.That(
            ModelFamily.All.Where(family => family.HfModelTypes.Count > 0 && !family.HfModelTypes.Any(types.Contains))
                .Select(family => family.Architecture),
            Is.Empty);
    }

    private static IEnumerable<string> Empty(DeviceProof device, string name)
    {
        if (device.UnmeasuredModels?.ContainsKey(name) == true)
        {
            return [];
        }

        ModelProof? model = device.Models.GetValueOrDefault(name);
        return ProofTables.Formats.Except(device.Unmeasured ?? []).Where(format => model?.Formats.ContainsKey(format) != true)
            .Concat(model?.Prefill is null || model.Decode is null ? ["transformers"] : [])
            .Select(column => $"{name} {column}");
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}

using System.Text;
using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>Text to ids and back, without a device.</summary>
public class TokenizeTests
{
    [Test]
    public void Ids_are_those_of_the_model() => Assert.That(
        CliRun.Of("tokenize", "--model", ReferenceData.StoriesPath, "--text", "Once upon a time").AssertSuccess().Out,
        Is.EqualTo("{\"ids\":[403,407,261,378]}\n"));

    [Test]
    public void Special_adds_the_beginning() => Assert.That(
        CliRun.Of("tokenize", "--special", "--model", ReferenceData.StoriesPath, "--text", "Once upon a time").AssertSuccess().Out,
        Is.EqualTo("{\"ids\":[1,403,407,261,378]}\n"));

    [TestCase("Once upon a time, there was a fox.")]
    [TestCase(" two  spaces\tand\na line\n")]
    [TestCase("Grüße, 世界 🦊 \u0000 end")]
    [TestCase("")]
    public void Detokenize_gives_the_text_back(string text)
    {
        string model = ReferenceData.StoriesPath;
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", Encoding.UTF8.GetBytes(text));
        CliRun tokenized = CliRun.Of("tokenize", "--model", model, "--file", file, "--special").AssertSuccess();
        using JsonDocument document = JsonDocument.Parse(tokenized.Out);
        string ids = string.Join(',', document.RootElement.GetProperty("ids").EnumerateArray());

        CliRun back = CliRun.Of("detokenize", "--json", "--model", model, "--ids", ids).AssertSuccess();

        using JsonDocument result = JsonDocument.Parse(back.Out);
        Assert.That(result.RootElement.GetProperty("text").GetString(), Is.EqualTo(text));
    }
}

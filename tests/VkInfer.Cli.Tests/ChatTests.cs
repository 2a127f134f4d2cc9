using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>The chat over a pipe, with the embedded model.</summary>
public class ChatTests
{
    private static readonly string[] Chat = ["chat", "--temperature", "0", "--max-tokens", "24", "--device", CliRun.Device];

    [Test]
    public void Pipe_gets_the_answer_and_nothing_else()
    {
        CliRun run = CliRun.With("Tell me a story about a fox.\n", Chat).AssertSuccess();
        Assert.Multiple(() =>
        {
            Assert.That(run.Out.Trim(), Is.Not.Empty);
            Assert.That(run.Out, Does.Not.Contain(">").And.Not.Contain("tokens/s").And.Not.Contain("\e"));
        });
    }

    [Test]
    public void History_is_kept_until_reset()
    {
        CliRun run = CliRun.With("What is 23 + 45?\n/history\n/reset\n/history\n", Chat).AssertSuccess();
        Assert.That(run.Out.Split("User: What is 23 + 45?"), Has.Length.EqualTo(2));
    }

    [Test]
    public void The_same_question_after_reset_gets_the_same_answer()
    {
        string[] answers = CliRun.With("Who are you?\n/reset\nWho are you?\n", Chat).AssertSuccess().Out.Trim().Split('\n');
        string[] first = answers[..(answers.Length / 2)];
        string[] second = answers[(answers.Length / 2)..];
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void Commands_answer()
    {
        CliRun run = CliRun.With("/help\n/stats\n/device\n/frob\n/exit\nnever asked\n", Chat);
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero);
            Assert.That(run.Out, Does.Contain("/reset").And.Contain("0 answers").And.Contain("driver"));
            Assert.That(run.Error, Does.Contain("Unknown command /frob"));
        });
    }

    [Test]
    public void Json_is_the_conversation()
    {
        CliRun run = CliRun.With("Hello!\n", [.. Chat, "--json"]).AssertSuccess();
        using JsonDocument document = JsonDocument.Parse(run.Out);
        JsonElement turns = document.RootElement.GetProperty("turns");
        Assert.Multiple(() =>
        {
            Assert.That(turns.GetArrayLength(), Is.EqualTo(2));
            Assert.That(turns[0].GetProperty("role").GetString(), Is.EqualTo("user"));
            Assert.That(turns[1].GetProperty("text").GetString(), Is.Not.Empty);
        });
    }

    [Test]
    public void Model_without_a_chat_template_is_refused() =>
        CliRun.With("Hello!\n", [.. Chat, "--model", ReferenceData.StoriesPath]).AssertFailure(1, "<|im_start|>");
}

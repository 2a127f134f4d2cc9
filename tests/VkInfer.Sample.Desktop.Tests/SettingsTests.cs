using Microsoft.Extensions.AI;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Hosting;
using VkInfer.Samples.Desktop.Models;
using VkInfer.Samples.Desktop.Settings;
using VkInfer.Samples.Desktop.Statistics;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>What is set is kept, checked and passed on.</summary>
public sealed class SettingsTests
{
    [Test]
    public void Settings_survive_the_program()
    {
        using var folder = new TemporaryFolder();
        var all = new DesktopSettings
        {
            SystemPrompt = "Be brief.",
            Temperature = 0.5f,
            TopK = 7,
            TopP = 0.9f,
            MinP = 0.1f,
            RepetitionPenalty = 1.1f,
            MaxTokens = 99,
            Seed = -3,
            OffersTools = true,
            Theme = Theme.Dark,
            Model = "hf:owner/repo:Q8_0",
            Device = "1",
            ContextLength = 512,
        };
        using (var file = new DataFile(folder.PathOf("settings.db")))
        {
            new SettingsStore(file).Update(_ => all);
        }

        using var again = new DataFile(folder.PathOf("settings.db"));
        Assert.That(new SettingsStore(again).Current, Is.EqualTo(all));
    }

    [Test]
    public void A_draft_loses_nothing()
    {
        var all = new DesktopSettings { Temperature = 0.5f, Seed = 1, Theme = Theme.Light, Model = "x", Device = "2", ContextLength = 3 };
        Assert.That(SettingsDraft.Of(all).Over(all), Is.EqualTo(all));
    }

    [Test]
    public void What_is_not_set_is_not_asked_for()
    {
        ChatOptions options = new DesktopSettings { SystemPrompt = " " }.ToChatOptions([]);
        Assert.Multiple(() =>
        {
            Assert.That(options.Instructions, Is.Null);
            Assert.That(options.Temperature, Is.Null);
            Assert.That(options.Tools, Is.Null);
            Assert.That(options.AdditionalProperties, Is.Empty);
        });
    }

    [Test]
    public void What_is_set_is_asked_for()
    {
        ChatOptions options = new DesktopSettings { SystemPrompt = "x", MinP = 0.1f, RepetitionPenalty = 1.5f, Seed = 4 }.ToChatOptions([]);
        Assert.Multiple(() =>
        {
            Assert.That(options.Instructions, Is.EqualTo("x"));
            Assert.That(options.AdditionalProperties!["min_p"], Is.EqualTo(0.1f));
            Assert.That(options.AdditionalProperties["repetition_penalty"], Is.EqualTo(1.5f));
            Assert.That(options.Seed, Is.EqualTo(4));
        });
    }

    [Test]
    public void A_value_that_is_not_allowed_is_named() => Assert.Multiple(() =>
    {
        Assert.That(new DesktopSettings { Temperature = -1 }.FindProblem(), Does.Contain("Temperature"));
        Assert.That(new DesktopSettings { ContextLength = 0 }.FindProblem(), Does.Contain("ContextLength"));
        Assert.That(new DesktopSettings().FindProblem(), Is.Null);
    });

    [TestCase(0, "0 B")]
    [TestCase(1536, "2 KiB")]
    [TestCase(7692672, "7.3 MiB")]
    [TestCase(150L << 30, "150 GiB")]
    public void Bytes_are_readable(long bytes, string expected) => Assert.That(Amount.Bytes(bytes), Is.EqualTo(expected));

    [Test]
    public void A_plot_ends_at_the_right_and_keeps_inside()
    {
        Assert.That(PlotPath.Line([0, 10, 5]), Is.EqualTo("M236.0 48.0L238.0 2.0L240.0 25.0"));
        Assert.That(PlotPath.Line([0, 0]), Does.EndWith("L240.0 48.0"));
        Assert.That(PlotPath.Line([1]), Is.Empty);
        Assert.That(PlotPath.Area([]), Is.Empty);
    }

    [Test]
    public void A_command_line_is_taken_or_refused()
    {
        DesktopArguments arguments = DesktopArguments.Parse(["--no-window", "--data", "x"]);
        Assert.That((arguments.OpensWindow, arguments.DataFolder), Is.EqualTo((false, "x")));
        Assert.That(() => DesktopArguments.Parse(["--modle"]), Throws.ArgumentException.With.Message.Contains("--modle"));
        Assert.That(() => DesktopArguments.Parse(["--data"]), Throws.ArgumentException);
    }
}

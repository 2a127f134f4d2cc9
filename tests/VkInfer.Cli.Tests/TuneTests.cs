using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Cli.Tests;

/// <summary>What is measured of linear layers: tuned, shown, drawn; and each technique off and on.</summary>
[NonParallelizable]
public sealed class TuneTests
{
    private TemporaryFolder _folder = null!;
    private string? _before;

    [SetUp]
    public void UseOwnFolder()
    {
        _folder = new TemporaryFolder();
        _before = Environment.GetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable);
        Environment.SetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable, _folder.FullName);
    }

    [TearDown]
    public void Restore()
    {
        Environment.SetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable, _before);
        _folder.Dispose();
    }

    [Test]
    public void What_was_tuned_is_shown_and_drawn()
    {
        if (CliRun.Device == "software")
        {
            CliRun.OnDevice("tune", "--show").AssertFailure(ExitCodes.Failure, "tune first");
        }

        CliRun tuned = CliRun.OnDevice("tune", "--budget", "1");
        Assert.That(tuned.ExitCode, Is.Zero, tuned.Error);
        Assert.That(tuned.Out, Does.Contain("gemv up to M1 = ").And.Contain("at most").And.Contain("Written to " + _folder.FullName));

        string plot = _folder.PathOf("times.png");
        CliRun shown = CliRun.OnDevice("tune", "--show", "--plot", plot).AssertSuccess();
        Assert.That(shown.Out, Does.Contain("gemv up to M1 = ").And.Contain("Drawn into " + plot));
        Assert.That(File.ReadAllBytes(plot)[1..4], Is.EqualTo("PNG"u8.ToArray()));
        CliRun.OnDevice("tune", "--show", "--plot", _folder.PathOf("nowhere/times.png")).AssertFailure(ExitCodes.Failure, "nowhere");
    }

    [Test]
    public void The_ablation_measures_every_technique()
    {
        CliRun run = CliRun.OnDevice("bench", "--ablation", "-d", "16", "-p", "64", "-b", "1,2", "-r", "1").AssertSuccess();
        Assert.That(
            run.Out, Does.Contain("prefill 64").And.Contain("decode, batch 1").And.Contain("decode, batch 2").And.Not.Contain("no room"));
    }
}

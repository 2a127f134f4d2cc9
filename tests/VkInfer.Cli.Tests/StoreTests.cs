using System.Security.Cryptography;

namespace VkInfer.Cli.Tests;

/// <summary>Models by name: pull, list, rm, and everywhere a path is taken. Without a hub, over a store that has a model.</summary>
[NonParallelizable]
public sealed class StoreTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const string Name = "hf:owner/repo";

    private string _folder = null!;

    private string Listing => Path.Combine(_folder, "models--owner--repo", "vkinfer", Commit);

    [SetUp]
    public void CreateStore()
    {
        _folder = Directory.CreateTempSubdirectory("vkinfer-store-").FullName;
        string repository = Path.Combine(_folder, "models--owner--repo");
        string snapshot = Path.Combine(repository, "snapshots", Commit);
        byte[] content = File.ReadAllBytes(Model.DefaultModelPath);
        string blob = Path.Combine(repository, "blobs", Convert.ToHexStringLower(SHA256.HashData(content)));
        foreach (string folder in (string[])[snapshot, Path.GetDirectoryName(blob)!, Path.Combine(repository, "refs")])
        {
            Directory.CreateDirectory(folder);
        }

        File.WriteAllBytes(blob, content);
        File.CreateSymbolicLink(Path.Combine(snapshot, "mini-q8_0.gguf"), Path.Combine("..", "..", "blobs", Path.GetFileName(blob)));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), Commit);
        Directory.CreateDirectory(Path.Combine(repository, "vkinfer"));
        File.WriteAllText(Listing, "mini-q8_0.gguf");
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", _folder);
        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
    }

    [TearDown]
    public void DeleteStore()
    {
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", null);
        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", null);
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void A_name_stands_wherever_a_path_does()
    {
        string[] expected = [
            CliRun.Of("tokenize", "--text", "Hello").AssertSuccess().Out, CliRun.Of("detokenize", "--ids", "300").AssertSuccess().Out];
        Assert.That(CliRun.Of("tokenize", "--text", "Hello", "--model", Name).AssertSuccess().Out, Is.EqualTo(expected[0]));
        Assert.That(CliRun.Of("detokenize", "--ids", "300", "--model", $"{Name}:Q8_0").AssertSuccess().Out, Is.EqualTo(expected[1]));
        Assert.That(CliRun.Of("inspect", Name).AssertSuccess().Out, Does.Contain("mini-q8_0.gguf"));
        Assert.That(CliRun.Of("inspect", "--model", $"{Name}:mini-q8_0.gguf").AssertSuccess().Out, Does.Contain("mini-q8_0.gguf"));
        CliRun.Of("convert", $"{Name}:q8_0", Path.Combine(_folder, "out.gguf")).AssertConverted();
        CliRun answer =
            CliRun.OnDevice("generate", "--model", Name, "--prompt", "What is 27 + 45?", "--temperature", "0", "--context", "128");
        Assert.That(answer.AssertSuccess().Out, Does.Contain("72"));
    }

    /// <summary>Without a note of what the repository has, or with one of more than is there.</summary>
    [TestCase("")]
    [TestCase("mini-q4_0.gguf")]
    public void A_name_that_may_mean_another_file_says_which_are_there(string other)
    {
        File.Delete(Listing);
        if (other.Length > 0)
        {
            File.WriteAllLines(Listing, [other, "mini-q8_0.gguf"]);
        }

        CliRun.Of("inspect", Name).AssertFailure(1, "there are hf:owner/repo:mini-q8_0.gguf");
        CliRun.Of("inspect", $"{Name}:Q8_0").AssertSuccess();
    }

    [TestCase("pull", "owner/repo")]
    [TestCase("rm", "hf:owner")]
    [TestCase("inspect", "hf:owner/repo@")]
    public void A_name_that_is_none_is_a_usage_error(string command, string name) =>
        CliRun.Of(command, name).AssertFailure(2, $"\"{name}\" is not hf:owner/repo");

    [Test]
    public void Lists_and_removes()
    {
        Assert.That(CliRun.Of("list").AssertSuccess().Out, Does.Contain("hf:owner/repo:mini-q8_0.gguf").And.Contain("01234567"));
        Assert.That(
            CliRun.Of("list", "--json").AssertSuccess().Out,
            Does.Contain("\"name\":\"hf:owner/repo:mini-q8_0.gguf\"").And.Contain(_folder));
        Assert.That(CliRun.Of("rm", $"{Name}:Q8_0").AssertSuccess().Out, Does.Contain("bytes are free"));
        Assert.That(Directory.GetDirectories(_folder, "models--*"), Is.Empty);
        CliRun.Of("rm", Name).AssertFailure(ExitCodes.Failure, "not in");
    }

    [Test]
    public void Says_why_a_model_cannot_be_had()
    {
        CliRun.Of("pull", "hf:owner/other").AssertFailure(ExitCodes.Failure, "offline");
        CliRun.Of("tokenize", "--text", "Hello", "--model", "hf:owner/other").AssertFailure(ExitCodes.Failure, "offline");
        CliRun.Of("pull", "owner").AssertFailure(ExitCodes.Usage, "hf:owner/repo");
        CliRun.Of("inspect", $"{Name}:Q2_K").AssertFailure(ExitCodes.Failure, "offline");
    }
}

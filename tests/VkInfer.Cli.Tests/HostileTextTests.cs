using System.Text;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>What files say is shown on one short line, whatever it is.</summary>
public class HostileTextTests
{
    [Test]
    public void A_name_of_megabytes_with_escapes_is_shown_short()
    {
        using var folder = new TemporaryFolder();
        string name = "a\e[2J\u202Eb\n" + new string('n', 10_000_000);
        string path = folder.Write("name.gguf", Gguf(("general.name", name), ("general.architecture", name), ("note", name)));
        CliRun run = CliRun.Of("inspect", path);
        Assert.That(run.ExitCode, Is.Zero);
        AssertShort(run.Out);
        Assert.That(run.Out, Does.Contain(@"a\u001b[2J\u202eb\u000a"));
        AssertShort(CliRun.Of("inspect", path, "--json").Out, 4000);
        AssertShort(CliRun.Of("tokenize", "--model", path, "--text", "a").Error);
        AssertShort(CliRun.OnDevice("generate", "--model", path, "--prompt", "a").Error);
    }

    private static void AssertShort(string text, int most = 1200)
    {
        foreach (string line in text.Split('\n'))
        {
            Assert.That(line, Has.Length.LessThan(most));
            Assert.That(line.Any(c => char.IsControl(c) || c == '\u202E'), Is.False, line[..Math.Min(200, line.Length)]);
        }
    }

    private static byte[] Gguf(params (string Key, string Value)[] metadata)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(0ul);
        writer.Write((ulong)metadata.Length);
        foreach ((string key, string value) in metadata)
        {
            Write(key);
            writer.Write(8u);
            Write(value);
        }

        writer.Flush();
        return file.ToArray();

        void Write(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            writer.Write((ulong)bytes.Length);
            writer.Write(bytes);
        }
    }
}

using System.Diagnostics;
using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>Pipes and devices where files are expected.</summary>
[Platform(Exclude = "Win")]
public sealed class RegularFileTests
{
    [Test]
    public void Neither_pipes_nor_devices_are_read_be_they_behind_links(
        [Values("/dev/zero", "/dev/tty", "/dev/null", "pipe")] string target)
    {
        using var directory = new TemporaryFolder();
        string path = target == "pipe" ? MakePipe(directory) : target;
        string link = Path.Combine(directory.FullName, "link");
        File.CreateSymbolicLink(link, path);
        string chain = Path.Combine(directory.FullName, "chain");
        File.CreateSymbolicLink(chain, "link");
        var reading = Task.Run(() =>
        {
            foreach (string name in new[] { path, link, chain })
            {
                Assert.That(RegularFile.ReadAllBytes(name, 10), Is.Empty);
                Assert.That(RegularFile.IsRegular(name), Is.False);
                Assert.That(() => GgufFile.Open(name), Throws.TypeOf<ModelFormatException>());
                Assert.That(() => SafetensorsFile.Open(name), Throws.TypeOf<ModelFormatException>());
            }
        });
        Assert.That(() => reading.Wait(TimeSpan.FromSeconds(60)), Is.True, "it hangs");
    }

    [Test]
    public void Longer_files_are_refused_before_they_are_read()
    {
        using var directory = new TemporaryFolder();
        string path = directory.Write("long", new byte[11]);
        string link = Path.Combine(directory.FullName, "link");
        File.CreateSymbolicLink(link, path);
        Assert.That(() => RegularFile.ReadAllBytes(link, 10), Throws.TypeOf<InvalidDataException>().With.Message.Contains("11 bytes"));
        Assert.That(RegularFile.ReadAllBytes(link, 11), Has.Length.EqualTo(11));
    }

    [Test]
    public void Links_to_nothing_and_to_themselves_are_missing_files()
    {
        using var directory = new TemporaryFolder();
        string dangling = Path.Combine(directory.FullName, "dangling");
        File.CreateSymbolicLink(dangling, "absent");
        string loop = Path.Combine(directory.FullName, "loop");
        File.CreateSymbolicLink(loop, "loop");
        Assert.That(() => GgufFile.Open(dangling), Throws.InstanceOf<IOException>());
        Assert.That(() => GgufFile.Open(loop), Throws.InstanceOf<IOException>());
    }

    private static string MakePipe(TemporaryFolder directory)
    {
        string path = Path.Combine(directory.FullName, "pipe");
        using Process process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        return path;
    }
}

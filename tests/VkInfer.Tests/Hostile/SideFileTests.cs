using System.Diagnostics;
using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Hostile;

/// <summary>
/// Pipes and devices in the place of a folder's files, of settings and of caches: neither waited for nor read to their end.
/// </summary>
[Platform("Unix")]
public sealed class SideFileTests
{
    private static readonly ModelOptions NoDevice = new() { Device = "no such device" };

    private static readonly string[] Files =
    [
        "config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "generation_config.json", "chat_template.jinja",
        "model.safetensors", "model.safetensors.index.json",
    ];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CopyFolder()
    {
        string folder = Path.GetDirectoryName(TestModels.DataFile("models/hf-stories260K/config.json"))!;
        _folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(folder))
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }
    }

    [TearDown]
    public void DeleteFolder() => _folder?.Dispose();

    [Test]
    public void A_folder_s_file_that_is_none_ends_loading_or_counts_as_empty(
        [ValueSource(nameof(Files))] string name, [Values("pipe", "/dev/zero", "link to pipe")] string kind)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.Delete(path);
        Put(path, kind);
        Exception? thrown = InTime(() => Model.Load(_folder.FullName, NoDevice).Dispose());
        Assert.That(
            thrown,
            Is.InstanceOf<UnsupportedModelException>().Or.InstanceOf<ModelFormatException>().Or.InstanceOf<DeviceNotFoundException>());
        Assert.That(thrown!.Message, Does.Not.Contain("\n"));
        Assert.That(
            InTime(() => ModelInspection.Inspect(_folder.FullName, NoDevice)),
            Is.Null.Or.InstanceOf<UnsupportedModelException>().Or.InstanceOf<ModelFormatException>());
    }

    [Test]
    public void A_cache_file_that_is_a_pipe_is_none_and_is_not_replaced([Values("pipe", "/dev/zero", "link to pipe")] string kind)
    {
        string path = Path.Combine(_folder.FullName, "cache.json");
        Put(path, kind);
        string? read = "";
        Assert.That(InTime(() => read = JsonCacheFile.Read(path, CacheJson.Default.String, 1 << 20, _ => null, null)), Is.Null);
        Assert.That(read, Is.Null);
        Assert.That(InTime(() => JsonCacheFile.Write(path, CacheJson.Default.String, "x")), Is.InstanceOf<IOException>());
        Assert.That(File.Exists(path));
    }

    /// <summary>What something throws, or null; fails where it hangs.</summary>
    private static Exception? InTime(Action action)
    {
        Task<Exception?> task = Task.Run(() =>
        {
            try
            {
                action();
                return null;
            }
            catch (Exception exception)
            {
                return exception;
            }
        });
        Assert.That(task.Wait(TimeSpan.FromSeconds(60)), "it hangs");
        return task.Result;
    }

    private void Put(string path, string kind)
    {
        if (kind == "/dev/zero")
        {
            File.CreateSymbolicLink(path, kind);
            return;
        }

        string pipe = kind == "pipe" ? path : Path.Combine(_folder.FullName, "a pipe");
        using (Process process = Process.Start("mkfifo", [pipe]))
        {
            process.WaitForExit();
        }

        if (pipe != path)
        {
            File.CreateSymbolicLink(path, pipe);
        }
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class CacheJson : System.Text.Json.Serialization.JsonSerializerContext;

using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class PipelineCacheTests
{
    private TemporaryFolder _folder = null!;

    private enum Damage
    {
        Truncated,
        Flipped,
        Empty,
        Foreign,
    }

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void The_cache_is_written_and_read_back()
    {
        UseDevice();
        string file = Directory.GetFiles(_folder.FullName).Single();
        byte[] first = File.ReadAllBytes(file);
        Assert.That(Load(), Is.EqualTo(first[32..]));

        UseDevice();
        Assert.That(Directory.GetFiles(_folder.FullName), Is.EqualTo(new[] { file }), "No temporary file is left.");
    }

    [Test]
    public void A_damaged_cache_counts_as_none([Values(0, 1, 2, 3)] int damage)
    {
        UseDevice();
        string file = Directory.GetFiles(_folder.FullName).Single();
        byte[] bytes = File.ReadAllBytes(file);
        switch ((Damage)damage)
        {
            case Damage.Truncated:
                File.WriteAllBytes(file, bytes[..^1]);
                break;
            case Damage.Flipped:
                bytes[^1] ^= 1;
                File.WriteAllBytes(file, bytes);
                break;
            case Damage.Empty:
                File.WriteAllBytes(file, []);
                break;
            default:
                File.WriteAllText(file, new string('x', 5000));
                break;
        }

        Assert.That(Load(), Is.Null);
        UseDevice();
        Assert.That(Load(), Is.Not.Null, "The next run repairs it.");
    }

    [Test]
    public void A_folder_that_cannot_be_written_is_done_without()
    {
        string file = Path.Combine(_folder.FullName, "a-file");
        File.WriteAllText(file, "not a folder");
        _ = UseDevice(Path.Combine(file, "below"));
        Assert.That(File.ReadAllText(file), Is.EqualTo("not a folder"));
    }

    [Test]
    public void Off_keeps_nothing() => Assert.That(GpuCacheFolder.Resolve("off"), Is.Null);

    private byte[]? Load()
    {
        using var instance = VulkanInstance.Create();
        return new PipelineCacheFile(_folder.FullName, instance.Select(GpuFixture.Selector)).Load();
    }

    private void UseDevice() => UseDevice(_folder.FullName);

    private static int UseDevice(string folder)
    {
        using var instance = VulkanInstance.Create(new VulkanInstanceOptions { CacheFolder = folder });
        using GpuDevice device = instance.Open(instance.Select(GpuFixture.Selector));
        return Probe.Pipeline(device).Reflection.Bindings.Count;
    }
}

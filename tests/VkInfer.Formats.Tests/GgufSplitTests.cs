using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>A model in several files opens as one, by any of them; files that do not belong together are refused.</summary>
public sealed class GgufSplitTests
{
    [Test]
    public void Parts_open_as_one_model([Values(1, 2, 3)] int opened)
    {
        using var folder = new TemporaryFolder();
        Write(folder, 3);
        using var file = GgufFile.Open(Path.Combine(folder.FullName, Name(opened, 3)));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(file.Path, Does.EndWith(Name(1, 3)));
        Assert.That(file.GetString("general.name"), Is.EqualTo("split"));
        Assert.That(file.Tensors.Select(tensor => tensor.Name), Is.EqualTo(new[] { "t0", "t1", "t2" }));
        foreach (GgufTensor tensor in file.Tensors)
        {
            Assert.That(file.GetTensorData(tensor, 0, 4)[0], Is.EqualTo(tensor.Part), "each part has its own alignment");
        }
    }

    [Test]
    public void Wrong_parts_are_named()
    {
        Refuse("part 2 of 3 is missing", folder => File.Delete(Path.Combine(folder, Name(2, 3))));
        Refuse(
            "metadata key 'split.no' is wrong for number 2 of 3 parts; expected 1, got 2",
            folder => File.Copy(Path.Combine(folder, Name(3, 3)), Path.Combine(folder, Name(2, 3)), true));
        Refuse(
            "the name of the first of 3 parts is wrong",
            folder => File.Move(Path.Combine(folder, Name(1, 3)), Path.Combine(folder, "x.gguf")), "x.gguf");
        Refuse(
            "the 3 parts do not hold all tensors; expected 4, got 3",
            folder => File.WriteAllBytes(Path.Combine(folder, Name(1, 3)), Part(0, 3, 4)));
        Refuse("metadata key 'split.count' is wrong", folder => File.WriteAllBytes(Path.Combine(folder, Name(2, 3)), Part(1, 2, 3)));
        Refuse("tensor 't0' is in two parts", folder => File.WriteAllBytes(Path.Combine(folder, Name(2, 3)), Part(1, 3, 3, "t0")));
        Assert.That(
            () => GgufFile.Open(Part(0, 3, 3)), Throws.InstanceOf<ModelFormatException>().With.Message.Contains("open by their path only"));
    }

    private static void Refuse(string said, Action<string> spoil, string? open = null)
    {
        using var folder = new TemporaryFolder();
        Write(folder, 3);
        spoil(folder.FullName);
        Assert.That(
            () => GgufFile.Open(Path.Combine(folder.FullName, open ?? Name(1, 3))),
            Throws.InstanceOf<ModelFormatException>().With.Message.Contains(said));
    }

    private static void Write(TemporaryFolder folder, int count)
    {
        for (int i = 0; i < count; i++)
        {
            folder.Write(Name(i + 1, count), Part(i, count, count));
        }
    }

    /// <summary>Version and alignment differ from part to part.</summary>
    private static byte[] Part(int index, int count, int tensors, string? name = null)
    {
        int alignment = 8 << index;
        GgufWriter writer = new GgufWriter { Version = index == 1 ? 2u : 3u, Alignment = alignment }
            .Add("split.no", (ushort)index).Add("split.count", (ushort)count).Add("general.alignment", (uint)alignment);
        if (index == 0)
        {
            writer.Add("split.tensors.count", tensors).Add("general.name", "split");
        }

        return writer.AddTensor(name ?? $"t{index}", GgufTensorType.F32, [1], [(byte)index, 0, 0, 0]).ToArray();
    }

    private static string Name(int number, int count) => $"model-{number:D5}-of-{count:D5}.gguf";
}

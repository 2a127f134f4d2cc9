using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>Files that another program shortens while they are open.</summary>
public sealed class ShortenedFileTests
{
    private const int TensorBytes = 1 << 20;

    [Test]
    public void A_gguf_file_that_loses_its_end_throws_where_it_is_read()
    {
        using var directory = new TemporaryFolder();
        string path = directory.Write(
            "short.gguf", new GgufWriter().AddTensor("t", GgufTensorType.I8, [TensorBytes], new byte[TensorBytes]).ToArray());
        using GgufFile file = GgufFile.Open(path);
        AssertShortened(file, path, file.FileSize - 1);
        AssertShortened(file, path, 100);
    }

    [Test]
    public void A_safetensors_file_that_loses_its_end_throws_where_it_is_read()
    {
        using var directory = new TemporaryFolder();
        byte[] header = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"t":{"dtype":"I8","shape":[{{{TensorBytes}}}],"data_offsets":[0,{{{TensorBytes}}}]}}""");
        string path = directory.Write(
            "model.safetensors", [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[TensorBytes]]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        AssertShortened(file, path, file.FileSize - 1);
        AssertShortened(file, path, 0);
    }

    private static void AssertShortened(IWeightSource file, string path, long length)
    {
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(length);
        }

        GgufTensor tensor = file.Tensors[0];
        EndOfStreamException error = Assert.Throws<EndOfStreamException>(() => file.ReadTensor(tensor, 0, new byte[TensorBytes]))!;
        Assert.That(error.Message, Does.StartWith($"{path}: ends at byte ").And.Contain("when it was opened").And.Not.Contain("\n"));
        Assert.That(() => file.GetTensorData(tensor, TensorBytes - 1, 1), Throws.InstanceOf<IOException>());
    }
}

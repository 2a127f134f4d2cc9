using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>Tensor data is what the file holds, within the tensor's bounds and the file's life.</summary>
public class GgufTensorTests
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

    [TestCase(2u)]
    [TestCase(3u)]
    public void Both_versions_give_the_tensors_in_order(uint version)
    {
        using GgufFile file = Open(version);
        Assert.That(file.Version, Is.EqualTo((int)version));
        Assert.That(file.Tensors.Select(tensor => tensor.Name), Is.EqualTo(["first", "second"]));
        GgufTensor second = file.Tensors[1];
        Assert.That((second.Columns, second.Rows, second.ByteSize, second.RowBytes), Is.EqualTo((4L, 4L, 64L, 16L)));
        Assert.That(second.Offset % 32, Is.Zero);
        Assert.That(file.GetTensorData(second, 0, 64).ToArray(), Is.EqualTo(Bytes));
    }

    [Test]
    public void A_declared_alignment_is_used()
    {
        GgufWriter writer = new GgufWriter { Alignment = 256 }.Add("general.alignment", 256u);
        using var file = GgufFile.Open(writer.AddTensor("t", GgufTensorType.I8, [64], Bytes).ToArray());
        Assert.That(file.Alignment, Is.EqualTo(256));
        Assert.That(file.Tensors[0].Offset % 256, Is.Zero);
        Assert.That(file.GetTensorData(file.Tensors[0], 60, 4).ToArray(), Is.EqualTo(Bytes[60..]));
    }

    [TestCase(-1, 4)]
    [TestCase(0, 65)]
    [TestCase(61, 4)]
    [TestCase(long.MaxValue, 1)]
    public void Bytes_outside_the_tensor_are_refused(long offset, int length)
    {
        using GgufFile file = Open(3);
        GgufTensor tensor = file.Tensors[1];
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadTensor(tensor, offset, new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.GetTensorData(tensor, offset, length));
    }

    [Test]
    public void A_tensor_of_a_larger_file_is_refused()
    {
        using GgufFile file = Open(3);
        GgufTensor foreign = file.Tensors[1] with { ByteSize = 4096 };
        Assert.Throws<ArgumentOutOfRangeException>(() => file.GetTensorData(foreign, 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadTensor(foreign with { Offset = long.MaxValue }, 0, new byte[4]));
    }

    [Test]
    public void A_disposed_file_says_so()
    {
        GgufFile file = Open(3);
        GgufTensor tensor = file.Tensors[0];
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.GetTensorData(tensor, 0, 1));
        Assert.Throws<ObjectDisposedException>(() => file.ReadTensor(tensor, 0, new byte[1]));
    }

    [Test]
    public void Reading_races_safely_with_dispose()
    {
        using var directory = new TemporaryFolder();
        string path =
            directory.Write("race.gguf", new GgufWriter().AddTensor("t", GgufTensorType.I8, [1 << 20], new byte[1 << 20]).ToArray());
        for (int round = 0; round < 20; round++)
        {
            var file = GgufFile.Open(path);
            using var started = new ManualResetEventSlim();
            var reader = Task.Run(() =>
            {
                byte[] buffer = new byte[1 << 20];
                while (true)
                {
                    file.ReadTensor(file.Tensors[0], 0, buffer);
                    started.Set();
                }
            });
            started.Wait();
            file.Dispose();
            Assert.That(async () => await reader, Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Tensors_beyond_four_gibibytes_are_read_where_they_lie()
    {
        const long Large = 5L << 30;
        using var directory = new TemporaryFolder();
        byte[] header = new GgufWriter()
            .AddTensor("large"u8.ToArray(), (uint)GgufTensorType.I8, [1 << 20, 5 << 10], [])
            .AddTensor("last"u8.ToArray(), (uint)GgufTensorType.I8, [4], [], (ulong)Large)
            .ToArray();
        string path = directory.Write("large.gguf", header);
        using (FileStream stream = File.OpenWrite(path))
        {
            // Sparse: only the pages that are written take space.
            stream.SetLength(header.Length + Large + 4);
            stream.Position = header.Length + Large - 2;
            stream.Write([1, 2, 3, 4, 5, 6]);
        }

        using var file = GgufFile.Open(path);
        Assert.That(file.Tensors[0].ByteSize, Is.EqualTo(Large));
        Assert.That(file.GetTensorData(file.Tensors[0], Large - 2, 2).ToArray(), Is.EqualTo(new byte[] { 1, 2 }));
        Assert.That(file.GetTensorData(file.Tensors[1], 0, 4).ToArray(), Is.EqualTo(new byte[] { 3, 4, 5, 6 }));
    }

    [Test]
    public void A_stream_opens_like_the_file()
    {
        using var stream = new MemoryStream(Writer(3).ToArray());
        using var file = GgufFile.Open(stream, "embedded");
        Assert.That(file.Path, Is.EqualTo("embedded"));
        Assert.That(file.GetTensorData(file.Tensors[1], 0, 64).ToArray(), Is.EqualTo(Bytes));
    }

    [Test]
    public void A_mapped_file_is_released_on_dispose()
    {
        using var directory = new TemporaryFolder();
        string path = directory.Write("released.gguf", Writer(3).ToArray());
        GgufFile.Open(path).Dispose();
        using var exclusive = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.That(exclusive.Length, Is.Positive);
    }

    [Test]
    public void Decoding_refuses_lengths_that_do_not_match()
    {
        Assert.Throws<ArgumentException>(() => Dequantizer.ToFloat32(GgufTensorType.Q4_0, new byte[18], new float[31]));
        Assert.Throws<ArgumentException>(() => Dequantizer.ToFloat32(GgufTensorType.Q4_0, new byte[17], new float[32]));
        Assert.Throws<ArgumentException>(() => Quantizer.FromFloat32(GgufTensorType.Q8_0, new float[32], new byte[33]));
        Assert.Throws<NotSupportedException>(() => Dequantizer.ToFloat32(GgufTensorType.IQ1_S, new byte[50], new float[256]));
    }

    private static GgufFile Open(uint version) => GgufFile.Open(Writer(version).ToArray());

    private static GgufWriter Writer(uint version) => new GgufWriter { Version = version }
        .Add("general.architecture", "test")
        .AddTensor("first", GgufTensorType.Q8_0, [32], new byte[34])
        .AddTensor("second", GgufTensorType.F32, [4, 2, 2], Bytes);
}

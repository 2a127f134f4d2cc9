using System.Text;
using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>
/// Each class of attack that was published against other loaders ends in one clear line here, with no memory taken for it.
/// </summary>
public class HostileFileTests
{
    private const ulong Huge = ulong.MaxValue;

    private static IEnumerable<TestCaseData> Cases()
    {
        var array = GgufWriter.Array;

        // Not a GGUF file of a kind that is read.
        yield return Case(
            "wrong magic", New(w => w.Magic = 0x04034b50), "not a GGUF file; expected the magic bytes 47 47 55 46, got 50 4b 03 04", 0);
        yield return Case("version 0", New(w => w.Version = 0), "unsupported GGUF version; expected 2 or 3, got 0", 4);
        yield return Case("version 1", New(w => w.Version = 1), "unsupported GGUF version; expected 2 or 3, got 1", 4);
        yield return Case("version 4", New(w => w.Version = 4), "unsupported GGUF version; expected 2 or 3, got 4", 4);
        yield return Case("big-endian", New(w => w.Version = 0x03000000), "the file is big-endian", 4);

        // Counts and sizes that overflow or exceed the file.
        yield return Case(
            "tensor count 2^64-1", New(w => w.TensorCount = Huge),
            "tensor count 18446744073709551615 exceeds what a file of 24 bytes can hold", 8);
        yield return Case("tensor count 2^59", New(w => w.TensorCount = 1UL << 59), "tensor count 576460752303423488 exceeds", 8);
        yield return Case("metadata count 2^64-1", New(w => w.MetadataCount = Huge), "metadata count 18446744073709551615 exceeds", 16);
        yield return Case("metadata count one too many", New(w => w.Add("a", 1u).MetadataCount = 2), "metadata count 2 exceeds", 16);
        yield return Case(
            "metadata ends within a value",
            New(w => w.Add("a", new uint[16]).MetadataCount = 2),
            "the file ends within metadata key; expected 8 more bytes, got 0");
        yield return Case(
            "string of 2^64-1 bytes", New(w => w.AddRaw("a", 8, BitConverter.GetBytes(Huge))),
            "the file ends within the string (metadata key 'a')");
        yield return Case(
            "string of 2^63 bytes", New(w => w.AddRaw("a", 8, BitConverter.GetBytes(1UL << 63))), "the file ends within the string");
        yield return Case("array of 2^64-1", New(w => w.AddRaw("a", 9, array(4, Huge))), "array length 18446744073709551615 exceeds");
        yield return Case(
            "array whose bytes wrap to 0", New(w => w.AddRaw("a", 9, array(4, 1UL << 62))), "array length 4611686018427387904 exceeds");
        yield return Case(
            "array whose bytes wrap to 8", New(w => w.AddRaw("a", 9, array(12, (1UL << 61) + 1, new byte[8]))),
            "array length 2305843009213693953 exceeds");
        yield return Case(
            "million strings, one present", New(w => w.AddRaw("a", 9, array(8, 1_000_000, GgufWriter.Text("x")))),
            "array length 1000000 exceeds");
        yield return Case(
            "array of strings of 2^64-1 bytes", New(w => w.AddRaw("a", 9, array(8, 1, BitConverter.GetBytes(Huge)))),
            "the file ends within a string of the array");

        // Arrays and values of no or of another kind.
        yield return Case(
            "unknown value type", New(w => w.AddRaw("a", 13, new byte[16])),
            "unknown value type (metadata key 'a'); expected 0 to 12, got 13");
        yield return Case(
            "unknown element type", New(w => w.AddRaw("a", 9, array(99, 1, new byte[16]))),
            "unknown value type (metadata key 'a'); expected 0 to 12, got 99");
        yield return Case(
            "a bool of 2", New(w => w.AddRaw("a", 7, [2])), "a bool is neither 0 nor 1 (metadata key 'a'); expected 0 or 1, got 2");
        yield return Case("a bool of 2 in an array", New(w => w.AddRaw("a", 9, array(7, 2, [1], [2]))), "a bool is neither 0 nor 1");
        yield return Case(
            "arrays without end",
            New(w => w.AddRaw("a", 9, [.. Enumerable.Repeat(array(9, 1), 100_000).SelectMany(bytes => bytes)])),
            "arrays are nested too deeply (metadata key 'a'); expected at most 4 levels");

        // Keys.
        yield return Case("empty key", New(w => w.Add("", 1u)), "metadata key is empty", 24);
        yield return Case("duplicate key", New(w => w.Add("a", 1u).Add("a", 2u)), "duplicate metadata key (metadata key 'a')", 41);
        yield return Case(
            "gigantic key", New(w => w.Add(new string('k', 70_000), 1u)),
            "metadata key of 70000 bytes is too long; expected at most 65535 bytes", 24);
        yield return Case(
            "key of 2^64-1 bytes", Patch(New(w => w.Add("a", 1u)), 24, BitConverter.GetBytes(Huge)),
            "metadata key of 18446744073709551615 bytes is too long", 24);
        yield return Case("key that is not UTF-8", New(w => w.AddRaw([0x61, 0xFF], 4, new byte[4])), "is not valid UTF-8", 24);
        yield return Case("key with a line break", New(w => w.Add("a\nb", 1u)), "metadata key 'a\\u000ab' holds control characters", 24);

        // Alignment.
        yield return Case(
            "alignment 0", New(w => w.Add("general.alignment", 0u)),
            "general.alignment is not a power of two; expected a power of two, got 0");
        yield return Case(
            "alignment 33", New(w => w.Add("general.alignment", 33u)),
            "general.alignment is not a power of two; expected a power of two, got 33");
        yield return Case(
            "alignment of 64 bits", New(w => w.Add("general.alignment", 1UL << 63)),
            "general.alignment has the wrong type; expected UInt32, got UInt64");
        yield return Case(
            "alignment as text", New(w => w.Add("general.alignment", "32")),
            "general.alignment has the wrong type; expected UInt32, got String");
        yield return Case(
            "alignment beyond the file",
            New(w => w.Add("general.alignment", 1u << 31).AddTensor("t", GgufTensorType.I8, [1], [1])),
            "data of tensor 't' lies outside the file");

        // Dimensions.
        yield return Tensor("no dimensions", GgufTensorType.F32, [], "wrong number of dimensions (tensor 't'); expected 1 to 4, got 0");
        yield return Tensor(
            "five dimensions", GgufTensorType.F32, [1, 1, 1, 1, 1], "wrong number of dimensions (tensor 't'); expected 1 to 4, got 5");
        yield return Case(
            "2^32-1 dimensions",
            New(w => w.AddTensor("t"u8.ToArray(), 0, [1, 1], new byte[4], dimensionCount: uint.MaxValue)),
            "wrong number of dimensions (tensor 't'); expected 1 to 4, got 4294967295");
        yield return Tensor("first dimension 0", GgufTensorType.F32, [0, 4], "dimension 0 is out of range (tensor 't')");
        yield return Tensor("last dimension 0", GgufTensorType.F32, [4, 0], "dimension 1 is out of range (tensor 't')");
        yield return Tensor("negative dimension", GgufTensorType.F32, [Huge], "dimension 0 is out of range (tensor 't')");
        yield return Tensor(
            "product wraps to 0", GgufTensorType.F32, [1UL << 32, 1UL << 32], "the product of the dimensions overflows (tensor 't')");
        yield return Tensor(
            "product wraps to a small number", GgufTensorType.F32, [(1UL << 32) + 1, (1UL << 32) - 1, 1],
            "the product of the dimensions overflows");
        yield return Tensor(
            "product wraps to a negative number", GgufTensorType.F32, [1UL << 31, 1UL << 32], "the product of the dimensions overflows");
        yield return Tensor(
            "product of four wraps", GgufTensorType.I8, [1UL << 62, 1UL << 62, 1UL << 62, 1UL << 62],
            "the product of the dimensions overflows");
        yield return Tensor(
            "bytes wrap to 0", GgufTensorType.F64, [1UL << 61], "tensor data of 18446744073709551616 bytes exceeds the file");
        yield return Tensor(
            "bytes wrap below 0", GgufTensorType.F32, [long.MaxValue], "tensor data of 36893488147419103228 bytes exceeds the file");
        yield return Tensor(
            "half a block", GgufTensorType.Q4_0, [48],
            "rows of type Q4_0 must be whole blocks (tensor 't'); expected a multiple of 32 columns, got 48");
        yield return Tensor("whole blocks, but not by row", GgufTensorType.Q4_K, [128, 2], "rows of type Q4_K must be whole blocks");

        // Types.
        foreach (uint type in new uint[] { 4, 31, 43, 1000, uint.MaxValue })
        {
            yield return Case(
                $"tensor type {type}", New(w => w.AddTensor("t"u8.ToArray(), type, [4], new byte[64])),
                $"unknown tensor type {type} (tensor 't')");
        }

        // Names.
        yield return Case("empty tensor name", New(w => w.AddTensor("", GgufTensorType.I8, [1], [1])), "tensor name is empty");
        yield return Case(
            "duplicate tensor name",
            New(w => w.AddTensor("t", GgufTensorType.I8, [1], [1]).AddTensor("t", GgufTensorType.I8, [1], [1])),
            "duplicate tensor name (tensor 't')");
        yield return Case(
            "gigantic tensor name",
            New(w => w.AddTensor(new string('t', 2000), GgufTensorType.I8, [1], [1])),
            "tensor name of 2000 bytes is too long; expected at most 1024 bytes");
        yield return Case(
            "tensor name that is not UTF-8",
            New(w => w.AddTensor([0xC3, 0x28], 24, [1], [1])),
            "is not valid UTF-8");

        // Places.
        yield return Tensor("data longer than the file", GgufTensorType.I8, [4096], "tensor data of 4096 bytes exceeds the file");
        yield return Case(
            "data partly outside the file",
            New(w => w.AddTensor("t", GgufTensorType.I8, [64], new byte[63])),
            "data of tensor 't' lies outside the file; expected the bytes 64 to 128, got a file of 127 bytes");
        yield return Case(
            "offset of 2^64-32",
            New(w => w.AddTensor("t"u8.ToArray(), 24, [1], [1], offset: Huge - 31)),
            "tensor offset 18446744073709551584 lies outside the file");
        yield return Case(
            "offset past the end",
            New(w => w.AddTensor("t"u8.ToArray(), 24, [1], [1], offset: 64)),
            "data of tensor 't' lies outside the file; expected the bytes 128 to 129, got a file of 65 bytes");
        yield return Case(
            "offset not aligned",
            New(w => w.AddTensor("t"u8.ToArray(), 24, [1], new byte[64], offset: 8)),
            "tensor offset is not aligned (tensor 't'); expected a multiple of 32, got 8");
        yield return Case(
            "overlap",
            New(w =>
                w.AddTensor("a", GgufTensorType.I8, [64], new byte[64]).AddTensor("b"u8.ToArray(), 24, [32], new byte[32], offset: 32)),
            "tensors 'a' and 'b' overlap");
        yield return Case(
            "the same data twice",
            New(w => w.AddTensor("a", GgufTensorType.I8, [64], new byte[64]).AddTensor("b"u8.ToArray(), 24, [64], [], offset: 0)),
            "tensors 'a' and 'b' overlap");
    }

    [TestCaseSource(nameof(Cases))]
    public void Ends_in_one_clear_line(byte[] bytes, string fragment, long? position)
    {
        ModelFormatException error = Refused(bytes);
        Assert.That(error.Message, Does.Contain(fragment));
        if (position is not null)
        {
            Assert.That(error.Position, Is.EqualTo(position));
        }
    }

    [Test]
    public void A_tensor_that_would_wrap_to_the_right_size_is_refused_in_every_type()
    {
        foreach (GgufTensorType type in Enum.GetValues<GgufTensorType>())
        {
            // 2^63 elements and one block more: in 64 bits nothing but the block is left.
            ulong columns = (ulong)GgufTensorTypes.BlockSize(type);
            ModelFormatException error = Refused(New(w => w.AddTensor("t", type, [columns, (1UL << 63) + 1], new byte[512])));
            Assert.That(error.Message, Does.Contain("(tensor 't')"), $"{type}");
        }
    }

    [Test]
    public void Every_truncation_is_refused()
    {
        byte[] whole = Sample.Writer().ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            Refused(whole[..length]);
        }
    }

    [Test]
    public void Files_full_of_the_smallest_records_take_memory_in_proportion()
    {
        var entries = new GgufWriter();
        GgufWriter tensors = new GgufWriter { Alignment = 1 }.Add("general.alignment", 1u);
        for (int i = 0; i < 50_000; i++)
        {
            entries.Add($"{i:x}", (byte)0);
            tensors.AddTensor($"{i:x}", GgufTensorType.I8, [1], [0]);
        }

        byte[] nested = GgufWriter.Array(9, 65_536, [.. Enumerable.Repeat(GgufWriter.Array(9, 0), 65_536)]);
        byte[] strings = GgufWriter.Array(8, 1_000_000, new byte[8_000_000]);
        byte[][] files =
        [
            entries.ToArray(), tensors.ToArray(), New(w => w.AddRaw("a", 9, nested)), New(w => w.AddRaw("a", 9, strings)),
            New(w => w.AddRaw("a", 9, GgufWriter.Array(0, 1_000_000, new byte[1_000_000]))),
        ];
        foreach (byte[] bytes in files)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            using var file = GgufFile.Open(bytes);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(allocated, Is.LessThan(Sample.AllocationBound(bytes.Length)), $"{bytes.Length} bytes");
            TestContext.Out.WriteLine($"{bytes.Length} bytes in the file, {allocated} allocated");
        }
    }

    [Test]
    public void Counts_beyond_any_honest_file_are_refused()
    {
        ModelFormatException metadata = Refused(New(w => w.Add("a", new byte[1_000_000]).MetadataCount = 65_537));
        Assert.That(metadata.Message, Does.Contain("metadata count 65537 is too large; expected at most 65536"));
        ModelFormatException tensors = Refused(New(w => w.Add("a", new byte[9_000_000]).TensorCount = 262_145));
        Assert.That(tensors.Message, Does.Contain("tensor count 262145 is too large; expected at most 262144"));
    }

    [Test]
    public void A_missing_file_is_named()
    {
        using var directory = new TemporaryFolder();
        string path = Path.Combine(directory.FullName, "absent.gguf");
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => GgufFile.Open(path))!;
        Assert.That(error.Message, Is.EqualTo($"{path}: no such file"));
    }

    [Test]
    public void A_directory_is_named()
    {
        using var directory = new TemporaryFolder();
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(directory.FullName))!;
        Assert.That(error.Message, Is.EqualTo($"{directory.FullName}: is a directory; expected a GGUF file"));
    }

    [Test]
    public void An_empty_file_is_named()
    {
        using var directory = new TemporaryFolder();
        string path = directory.Write("empty.gguf", []);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(path))!;
        Assert.That(error.Message, Is.EqualTo($"{path} at byte 0: the file is empty; expected a GGUF file, got 0 bytes"));
    }

    [Test]
    public void A_link_is_followed_and_a_device_without_end_is_not()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("links need privileges on Windows");
        }

        using var directory = new TemporaryFolder();
        directory.Write("target.gguf", Sample.Writer().ToArray());
        string link = Path.Combine(directory.FullName, "link.gguf");
        File.CreateSymbolicLink(link, "target.gguf");
        using var file = GgufFile.Open(link);
        Assert.That(file.Path, Is.EqualTo(link));
        Assert.Throws<ModelFormatException>(() => GgufFile.Open("/dev/zero"));
    }

    [Test]
    public void A_corrupt_file_on_disk_is_released()
    {
        using var directory = new TemporaryFolder();
        string path = directory.Write("corrupt.gguf", New(w => w.TensorCount = Huge));
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(path))!;
        Assert.That(error.Path, Is.EqualTo(path));
        using var exclusive = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.That(exclusive.Length, Is.EqualTo(24));
    }

    private static TestCaseData Case(string name, byte[] bytes, string fragment, long? position = null) =>
        new TestCaseData(bytes, fragment, position).SetArgDisplayNames(name);

    private static TestCaseData Tensor(string name, GgufTensorType type, ulong[] dimensions, string fragment) =>
        Case(name, New(w => w.AddTensor("t", type, dimensions, new byte[64])), fragment);

    private static byte[] New(Action<GgufWriter> change)
    {
        var writer = new GgufWriter();
        change(writer);
        return writer.ToArray();
    }

    private static byte[] Patch(byte[] file, int position, byte[] bytes)
    {
        bytes.CopyTo(file, position);
        return file;
    }

    private static ModelFormatException Refused(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(bytes, "test.gguf").Dispose())!;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(allocated, Is.LessThan(Sample.AllocationBound(bytes.Length)));
        Assert.That(error.Message, Does.StartWith("test.gguf").And.Not.Contains("\n"));
        Assert.That(Encoding.UTF8.GetByteCount(error.Message), Is.LessThan(600));
        return error;
    }
}

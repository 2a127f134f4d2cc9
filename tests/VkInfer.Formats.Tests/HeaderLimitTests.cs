using System.Diagnostics;
using System.Text;
using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>Files whose headers cost little on disk, where they are sparse, and much in memory if they were taken at their word.</summary>
public sealed class HeaderLimitTests
{
    private const long MostBytes = 300L << 20;

    private const int NestedLimit = 1 << 16;

    [TestCase(9u, 9u, 60_000_000ul, 12, TestName = "Sixty_million_arrays_within_an_array_are_refused_at_once")]
    [TestCase(9u, 8u, 1ul << 27, 8, TestName = "As_many_empty_strings_as_fit_into_a_gibibyte_are_refused_at_once")]
    [TestCase(9u, 8u, 1ul << 23, 8, TestName = "Eight_million_empty_strings_are_refused_at_once")]
    [TestCase(9u, 0u, 1ul << 31, 1, TestName = "Two_gibibytes_of_numbers_are_refused_at_once")]
    [TestCase(9u, 12u, 1ul << 26, 8, TestName = "Half_a_gibibyte_of_doubles_is_refused_at_once")]
    [TestCase(9u, 7u, 1ul << 30, 1, TestName = "A_gibibyte_of_bools_is_refused_at_once")]
    public void Refuses(uint type, uint elementType, ulong count, int bytesEach)
    {
        using var directory = new TemporaryFolder();
        string path =
            Sparse(directory, type, [.. BitConverter.GetBytes(elementType), .. BitConverter.GetBytes(count)], (long)count * bytesEach);
        ModelFormatException error = Refused(path);
        Assert.That(error.Message, Does.Contain("metadata key 'a'").And.Contain("at most"));
    }

    [Test]
    public void A_string_of_a_gibibyte_is_refused_at_once()
    {
        using var directory = new TemporaryFolder();
        Refused(Sparse(directory, 8, BitConverter.GetBytes(1ul << 30), 1L << 30));
    }

    [Test]
    public void Many_arrays_that_are_short_enough_each_are_refused_together()
    {
        using var directory = new TemporaryFolder();
        string path = Path.Combine(directory.FullName, "many.gguf");
        using (FileStream file = File.Create(path))
        {
            file.Write("GGUF"u8);
            file.Write([.. BitConverter.GetBytes(3u), .. BitConverter.GetBytes(0ul), .. BitConverter.GetBytes(100ul)]);
            for (int i = 0; i < 100; i++)
            {
                byte[] key = Encoding.UTF8.GetBytes($"k{i}");
                file.Write(
                    [.. BitConverter.GetBytes((ulong)key.Length), .. key, .. BitConverter.GetBytes(9u), .. BitConverter.GetBytes(8u)]);
                file.Write(BitConverter.GetBytes(1ul << 22));
                file.Position += 8L << 22;
            }

            file.SetLength(file.Position);
        }

        Refused(path);
    }

    [Test]
    public void Arrays_within_arrays_are_counted_over_all_keys_and_levels()
    {
        byte[] Nested(int count) => GgufWriter.Array(9, (ulong)count, [.. Enumerable.Repeat(GgufWriter.Array(4, 0), count)]);
        GgufWriter Half() => new GgufWriter().AddRaw("a", 9, Nested(NestedLimit / 2));
        GgufFile.Open(Half().AddRaw("b", 9, Nested(NestedLimit / 2)).ToArray()).Dispose();
        byte[] over = Half().AddRaw("b", 9, Nested((NestedLimit / 2) + 1)).ToArray();
        Assert.That(() => GgufFile.Open(over), Throws.TypeOf<ModelFormatException>().With.Message.Contains("arrays lie within arrays"));
        byte[] deep = Half().AddRaw("b", 9, GgufWriter.Array(9, 1, Nested(NestedLimit / 2))).ToArray();
        Assert.That(() => GgufFile.Open(deep), Throws.TypeOf<ModelFormatException>().With.Message.Contains("arrays lie within arrays"));
    }

    [Test]
    public void Keys_are_counted_in_bytes()
    {
        var writer = new GgufWriter();
        for (int i = 0; i < 300; i++)
        {
            writer.Add($"{i:D5}" + new string('k', 60_000), (byte)0);
        }

        Assert.That(
            () => GgufFile.Open(writer.ToArray()),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("the metadata keys are too long"));
    }

    private static string Sparse(TemporaryFolder directory, uint type, byte[] value, long zeros)
    {
        string path = Path.Combine(directory.FullName, "sparse.gguf");
        using FileStream file = File.Create(path);
        file.Write("GGUF"u8);
        file.Write([.. BitConverter.GetBytes(3u), .. BitConverter.GetBytes(0ul), .. BitConverter.GetBytes(1ul)]);
        file.Write([.. GgufWriter.Text("a"), .. BitConverter.GetBytes(type), .. value]);
        file.SetLength(file.Position + zeros + 1000);
        return path;
    }

    private static ModelFormatException Refused(string path)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Open(path).Dispose())!;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Out.WriteLine(
            $"{new FileInfo(path).Length} bytes: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms, {allocated} bytes allocated");
        Assert.That(allocated, Is.LessThan(MostBytes));
        return error;
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>What safetensors files say is what they hold, and what they cannot hold is refused in one line.</summary>
public sealed class SafetensorsTests
{
    private const string Valid =
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}""";

    private static IEnumerable<TestCaseData> Wrong()
    {
        const string Scalar = """{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}""";
        yield return Case("no length", [1, 2, 3], "the file ends within the header length; expected 8 bytes, got 3");
        yield return Case("length beyond the file", Raw(ulong.MaxValue, Valid, 32), "header length is out of range");
        yield return Case("length one too large", Raw((ulong)Valid.Length + 33, Valid, 32), "header length is out of range");
        yield return Case("no JSON", File("hello", 0), "is not valid JSON");
        yield return Case("no object", File("[]", 0), "the header has the wrong type; expected StartObject, got StartArray");
        yield return Case("an empty header", File("", 8), "not valid JSON");
        yield return Case("text behind the object", File("{}{}", 0), "not valid JSON");
        yield return Case("not UTF-8", [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', 0xFF], "not valid JSON");
        yield return Case("deep nesting", File(new string('[', 100_000), 0), "wrong type");
        yield return Case("deep nesting in a tensor", File("{\"a\":{\"shape\":" + new string('[', 100_000), 0), "not valid JSON");
        yield return Case("half a surrogate pair", File("""{"\ud800":{}}""", 0), "not valid UTF-8");
        yield return Case(
            "duplicate name", File(Scalar + ""","a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}""", 8), "duplicate name 'a'");
        yield return Case(
            "empty name", File("""{"":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4), "tensor name '' is not allowed");
        yield return Case("name with a line break", File("""{"a\nb":{}}""", 0), "tensor name 'a\\u000ab' is not allowed");
        yield return Case(
            "unknown dtype", File("""{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", 4),
            "has a dtype that is not supported");
        yield return Case("unknown field", File("""{"a":{"dtype":"F32","x":1}}""", 0), "field 'x' of tensor 'a' is unknown or a duplicate");
        yield return Case(
            "field twice", File("""{"a":{"dtype":"F32","dtype":"F32"}}""", 0), "field 'dtype' of tensor 'a' is unknown or a duplicate");
        yield return Case("no shape", File("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4), "tensor 'a' lacks a field");
        yield return Case(
            "dimension of zero", File("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0),
            "a dimension of tensor 'a' is out of range");
        yield return Case(
            "dimension below zero", File("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4),
            "a dimension of tensor 'a' is out of range");
        yield return Case(
            "dimension of a fraction", File("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4),
            "a dimension of tensor 'a' is out of range");
        yield return Case(
            "dimension of 2^64", File("""{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}""", 4),
            "a dimension of tensor 'a' is out of range");
        yield return Case(
            "five dimensions", File("""{"a":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[0,4]}}""", 4),
            "too many dimensions; expected at most 4");
        yield return Case(
            "shape whose bytes wrap to 4", File("""{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4),
            "the size of tensor 'a' overflows");
        yield return Case(
            "shape whose product wraps to 0", File("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0),
            "the size of tensor 'a' overflows");
        yield return Case(
            "shape too large for the data", File("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4),
            "expected 8 bytes, got 4");
        yield return Case(
            "offsets outside the file", File("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4),
            "data_offsets of tensor 'a' are wrong");
        yield return Case(
            "offsets that descend", File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4),
            "data_offsets of tensor 'a' are wrong");
        yield return Case(
            "offsets of 2^63", File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775808,9223372036854775812]}}""", 4),
            "are wrong");
        yield return Case("three offsets", File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 8), "are wrong");
        yield return Case(
            "overlap", File(Scalar + ""","b":{"dtype":"F32","shape":[],"data_offsets":[2,6]}}""", 6),
            "data of tensor 'b' overlaps another's");
        yield return Case(
            "gap", File(Scalar + ""","b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}""", 12), "data of tensor 'b' follows a gap");
        yield return Case("bytes at the end", File(Scalar + "}", 6), "belong to no tensor; expected 4 bytes of data, got 6");
    }

    [TestCaseSource(nameof(Wrong))]
    public void A_wrong_file_is_refused_in_one_line(byte[] bytes, string said)
    {
        ModelFormatException? exception = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(bytes, "x.safetensors").Dispose());
        Assert.That(exception!.Message, Does.StartWith("x.safetensors").And.Contain(said).And.Not.Contain("\n"));
    }

    [Test]
    public void A_valid_file_says_where_its_tensors_are()
    {
        byte[] bytes = File(Valid, 32);
        bytes[^1] = 7;
        using var file = SafetensorsFile.Open(bytes);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(file.TryGetTensor("a", out GgufTensor? a), Is.True);
        Assert.That(a!.Dimensions, Is.EqualTo(new long[] { 3, 2 }), "the contiguous one first");
        Assert.That(file.TryGetTensor("b", out GgufTensor? b), Is.True);
        Assert.That(b!.Type, Is.EqualTo(GgufTensorType.BF16));
        Assert.That(file.GetTensorData(b, 7, 1)[0], Is.EqualTo(7));
        Assert.That(() => file.GetTensorData(b, 8, 1).Length, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Mutated_headers_open_or_are_refused()
    {
        const int Cases = 100_000;
        byte[] original = File(Valid, 32);
        string[] splices = [
            "[[[[", "{", "}", "\"a\":", "-1", "18446744073709551616", "1e400", "\\ud800", ",", "null", "\"BF16\"", "4611686018427387905"];
        (int opened, Stopwatch watch, HashSet<string> reasons) = (0, Stopwatch.StartNew(), new HashSet<string>());
        for (int seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            List<byte> bytes = original.ToList();
            for (int steps = 1 + random.Next(3); steps > 0; steps--)
            {
                int at = random.Next(bytes.Count);
                switch (random.Next(5))
                {
                    case 0:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        bytes[8 + random.Next(Valid.Length)] = (byte)"0123456789,:[]{}\"aF-"[random.Next(20)];
                        break;
                    case 2:
                        bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                        break;
                    case 3:
                        bytes.InsertRange(at, Encoding.UTF8.GetBytes(splices[random.Next(splices.Length)]));
                        break;
                    default:
                        bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                        break;
                }

                if (bytes.Count < 16)
                {
                    break;
                }
            }

            byte[] mutated = bytes.ToArray();
            if (mutated.Length >= 8 && random.Next(2) == 0)
            {
                // Otherwise nearly all end at the length.
                BinaryPrimitives.WriteUInt64LittleEndian(mutated, (ulong)Math.Max(0, mutated.Length - 40));
            }

            // The JSON reader's own exception comes on top of ours, and the first use of each of its messages loads a resource.
            long bound = Sample.AllocationBound(mutated.Length) + Sample.AllocationBound(0);
            long allocated = Run(mutated, out string? reason);
            Assert.That(allocated < bound || Run(mutated, out _) < bound, $"seed {seed}: {allocated} bytes");
            if (reason is null)
            {
                opened++;
            }
            else
            {
                reasons.Add(reason[..Math.Min(10, reason.Length)]);
            }
        }

        TestContext.Out.WriteLine(
            $"{Cases} cases in {watch.Elapsed.TotalSeconds:F1} s: {opened} opened, the others refused for {reasons.Count} reasons");
        Assert.That(opened, Is.GreaterThan(Cases / 100));
        Assert.That(reasons, Has.Count.GreaterThan(10));
    }

    /// <summary>Opens a file and reads what it says it holds; returns the bytes allocated, and why it was refused or null.</summary>
    private static long Run(byte[] bytes, out string? reason)
    {
        reason = null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var file = SafetensorsFile.Open(bytes, "fuzz");
            foreach (GgufTensor tensor in file.Tensors)
            {
                _ = file.GetTensorData(tensor, 0, (int)tensor.ByteSize)[^1];
            }
        }
        catch (ModelFormatException exception)
        {
            reason = exception.What;
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    [Test]
    public void Shards_are_one_model_with_the_same_weights()
    {
        using var whole = SafetensorsFile.OpenFolder(ReferenceData.Find("models", "hf-stories260K"));
        using var shards = SafetensorsFile.OpenFolder(ReferenceData.Find("models", "hf-stories260K", "bf16-sharded"));
        Assert.That(shards.Tensors.Select(tensor => tensor.Name), Is.EquivalentTo(whole.Tensors.Select(tensor => tensor.Name)));
        Assert.That(shards.Tensors.Select(tensor => tensor.Part).Distinct(), Is.EquivalentTo(new[] { 0, 1 }));
        foreach (GgufTensor tensor in whole.Tensors)
        {
            Assert.That(shards.TryGetTensor(tensor.Name, out GgufTensor? other), Is.True);
            (float[] expected, float[] actual) = (Decode(whole, tensor), Decode(shards, other!));
            float scale = expected.Max(Math.Abs);
            Assert.That(actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(scale / 128), tensor.Name);
        }
    }

    [TestCase("""{"weight_map":{"a":"../x.safetensors"}}""", "the name of a file in the same folder")]
    [TestCase("""{"weight_map":{"a":5}}""", "the name of a file in the same folder")]
    [TestCase("""{"weight_map":{}}""", "weight_map is empty")]
    [TestCase("""{}""", "weight_map is missing")]
    [TestCase("""[""", "not valid JSON")]
    [TestCase("""{"weight_map":{"a":"x.safetensors","a":"x.safetensors"}}""", "not valid JSON")]
    [TestCase("""{"weight_map":{"a":"none.safetensors"}}""", "shard 'none.safetensors' is missing")]
    [TestCase("""{"weight_map":{"a":"x.safetensors"}}""", "tensor 'b' is in 'x.safetensors', where the index does not expect it")]
    [TestCase("""{"weight_map":{"a":"x.safetensors","b":"x.safetensors","c":"x.safetensors"}}""", "tensor 'c' is not in 'x.safetensors'")]
    public void An_index_must_say_what_the_shards_hold(string index, string said)
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.safetensors", File(Valid, 32));
        folder.Write(SafetensorsFile.IndexName, Encoding.UTF8.GetBytes(index));
        Assert.That(() => SafetensorsFile.OpenFolder(folder.FullName), Throws.InstanceOf<ModelFormatException>().With.Message.Contains(said));
    }

    private static float[] Decode(SafetensorsFile file, GgufTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(tensor.Type, file.GetTensorData(tensor, 0, (int)tensor.ByteSize), values);
        return values;
    }

    private static byte[] File(string header, int data) => Raw((ulong)header.Length, header, data);

    private static byte[] Raw(ulong length, string header, int data) =>
        [.. BitConverter.GetBytes(length), .. Encoding.UTF8.GetBytes(header), .. new byte[data]];

    private static TestCaseData Case(string name, byte[] bytes, string said) => new TestCaseData(bytes, said).SetArgDisplayNames(name);
}

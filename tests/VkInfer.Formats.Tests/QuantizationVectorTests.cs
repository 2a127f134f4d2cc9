using System.Runtime.InteropServices;
using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>
/// The older block formats against stored vectors: decoding bit for bit, encoding by its error. BlockDigestTests has the others.
/// </summary>
public class QuantizationVectorTests
{
    private static readonly GgufTensorType[] Decoded =
    [
        GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8_0, GgufTensorType.Q4_0, GgufTensorType.Q4_1, GgufTensorType.Q5_0,
        GgufTensorType.Q5_1, GgufTensorType.Q2_K, GgufTensorType.Q3_K, GgufTensorType.Q4_K, GgufTensorType.Q5_K, GgufTensorType.Q6_K,
        GgufTensorType.IQ4_NL, GgufTensorType.IQ4_XS,
    ];

    private static readonly GgufTensorType[] Encoded = [.. Enum.GetValues<GgufTensorType>().Where(Quantizer.IsSupported)];

    [TestCaseSource(nameof(Decoded))]
    public void Decoding_is_bit_exact(GgufTensorType type)
    {
        int[] expected = ReadBits($"{Name(type)}.f32");
        float[] actual = new float[expected.Length];
        Dequantizer.ToFloat32(type, ReadBytes(type), actual);
        Assert.That(MemoryMarshal.Cast<float, int>(actual).ToArray(), Is.EqualTo(expected));
    }

    [TestCase(GgufTensorType.Q8_0)]
    [TestCase(GgufTensorType.Q4_0)]
    [TestCase(GgufTensorType.Q4_1)]
    [TestCase(GgufTensorType.Q5_0)]
    [TestCase(GgufTensorType.Q5_1)]
    public void Encoding_gives_the_stored_bytes(GgufTensorType type) => Assert.That(Encode(type, Input()), Is.EqualTo(ReadBytes(type)));

    // The stored vectors come from an encoder that weighs large elements more; a plain least-squares search errs less in sum.
    [TestCaseSource(nameof(Encoded))]
    public void Encoding_errs_no_more_than_the_stored_bytes(GgufTensorType type)
    {
        float[] input = Input();
        (double ours, double theirs) = (Error(type, Encode(type, input), input), Error(type, ReadBytes(type), input));
        TestContext.Out.WriteLine($"{type}: NMSE {ours:e4}, stored vectors {theirs:e4}");
        Assert.That(ours, Is.LessThanOrEqualTo(1.001 * theirs));
    }

    [TestCaseSource(nameof(Encoded))]
    public void Encoding_takes_any_finite_block(GgufTensorType type)
    {
        int size = GgufTensorTypes.BlockSize(type);
        foreach (float[] values in new float[][] { [0], [1e-30f], [-3], [0, 0, 5], [1, 2, 3], [-1, -2], [-1, 0.25f, 1], [-0f, 1e-42f] })
        {
            float[] block = [.. Enumerable.Range(0, size).Select(i => values[i % values.Length])];
            float[] decoded = new float[size];
            Dequantizer.ToFloat32(type, Encode(type, block), decoded);
            float largest = values.Max(MathF.Abs);
            for (int i = 0; i < size; i++)
            {
                // One of eight steps on either side of zero is the coarsest of them.
                double tolerance = Math.Max(0.126 * largest, 1e-7);
                Assert.That(decoded[i], Is.EqualTo(block[i]).Within(tolerance), $"{string.Join(", ", values)}: element {i}");
            }
        }
    }

    [Test]
    public void Block_sizes_of_all_types_are_those_of_the_vectors()
    {
        using var index = JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("quant-vectors", "index.json")));
        foreach (JsonElement entry in index.RootElement.GetProperty("types").EnumerateArray())
        {
            var type = (GgufTensorType)entry.GetProperty("ggml_type").GetInt32();
            Assert.That(type.ToString(), Is.EqualTo(entry.GetProperty("type").GetString()).IgnoreCase);
            Assert.That(GgufTensorTypes.BlockSize(type), Is.EqualTo(entry.GetProperty("block").GetInt32()), $"{type}");
            Assert.That(GgufTensorTypes.BlockBytes(type), Is.EqualTo(entry.GetProperty("bytes_per_block").GetInt32()), $"{type}");
        }
    }

    private static byte[] Encode(GgufTensorType type, float[] input)
    {
        byte[] bytes = new byte[GgufTensorTypes.RowBytes(type, input.Length)];
        Quantizer.FromFloat32(type, input, bytes);
        return bytes;
    }

    private static double Error(GgufTensorType type, byte[] stored, float[] input)
    {
        float[] decoded = new float[input.Length];
        Dequantizer.ToFloat32(type, stored, decoded);
        return input.Zip(decoded, (x, y) => Math.Pow((double)x - y, 2)).Sum() / input.Sum(x => (double)x * x);
    }

    private static float[] Input() => MemoryMarshal.Cast<int, float>(ReadBits("input.f32")).ToArray();

    private static byte[] ReadBytes(GgufTensorType type) => File.ReadAllBytes(ReferenceData.Find("quant-vectors", $"{Name(type)}.bin"));

    private static string Name(GgufTensorType type) => type.ToString().ToLowerInvariant().Replace("_k", "_K", StringComparison.Ordinal);

    private static int[] ReadBits(string name) =>
        MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(ReferenceData.Find("quant-vectors", name))).ToArray();
}

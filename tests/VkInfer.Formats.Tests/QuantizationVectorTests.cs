using System.Runtime.InteropServices;
using System.Text.Json;

namespace VkInfer.Formats.Tests;

/// <summary>Every supported block format against stored vectors, bit for bit.</summary>
public class QuantizationVectorTests
{
    private static readonly (string Name, GgufTensorType Type)[] Formats =
    [
        ("f16", GgufTensorType.F16),
        ("bf16", GgufTensorType.BF16),
        ("q8_0", GgufTensorType.Q8_0),
        ("q4_0", GgufTensorType.Q4_0),
    ];

    [TestCaseSource(nameof(Formats))]
    public void DecodingIsBitExact((string Name, GgufTensorType Type) format)
    {
        var stored = File.ReadAllBytes(ReferenceData.Path("quant-vectors", $"{format.Name}.bin"));
        var expected = ReadBits($"{format.Name}.f32");
        var actual = new float[expected.Length];
        Dequantizer.ToFloat32(format.Type, stored, actual);
        Assert.That(MemoryMarshal.Cast<float, int>(actual).ToArray(), Is.EqualTo(expected));
    }

    [TestCase("q8_0", GgufTensorType.Q8_0)]
    [TestCase("q4_0", GgufTensorType.Q4_0)]
    public void EncodingGivesTheStoredBytes(string name, GgufTensorType type)
    {
        var expected = File.ReadAllBytes(ReferenceData.Path("quant-vectors", $"{name}.bin"));
        var input = MemoryMarshal.Cast<int, float>(ReadBits("input.f32")).ToArray();
        var actual = new byte[expected.Length];
        Quantizer.FromFloat32(type, input, actual);
        Assert.That(actual, Is.EqualTo(expected));
    }

    [Test]
    public void BlockSizesOfAllTypesAreThoseOfTheVectors()
    {
        using var index = JsonDocument.Parse(File.ReadAllText(ReferenceData.Path("quant-vectors", "index.json")));
        foreach (var entry in index.RootElement.GetProperty("types").EnumerateArray())
        {
            var type = (GgufTensorType)entry.GetProperty("ggml_type").GetInt32();
            Assert.That(type.ToString(), Is.EqualTo(entry.GetProperty("type").GetString()).IgnoreCase);
            Assert.That(GgufTensorTypes.BlockSize(type), Is.EqualTo(entry.GetProperty("block").GetInt32()), $"{type}");
            Assert.That(GgufTensorTypes.BlockBytes(type), Is.EqualTo(entry.GetProperty("bytes_per_block").GetInt32()), $"{type}");
        }
    }

    private static int[] ReadBits(string name) =>
        MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(ReferenceData.Path("quant-vectors", name))).ToArray();
}

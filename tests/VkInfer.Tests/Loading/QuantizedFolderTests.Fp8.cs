using System.Text.Json.Nodes;
using VkInfer.Formats;
using VkInfer.Tests.Metadata;

namespace VkInfer.Tests.Loading;

/// <summary>Those in FP8, whose weights are floats once they are loaded.</summary>
public sealed partial class QuantizedFolderTests
{
    private static IEnumerable<TestCaseData> Fp8Cases()
    {
        (string Name, int Rows, int Columns)[] scales =
            [("one", Outputs, Inputs), ("rows", 1, Inputs), ("blocks", 24, 48)]; // The last blocks of both sides are cut.
        (string Method, string Scale)[] methods =
            [("fp8", ".weight_scale_inv"), ("compressed", ".weight_scale"), ("modelopt", ".weight_scale")];
        return from method in methods
               from shape in scales
               from type in new[] { GgufTensorType.F32, GgufTensorType.BF16 }
               select new TestCaseData(method.Method, method.Scale, shape.Rows, shape.Columns, type)
                   .SetArgDisplayNames(method.Method, shape.Name, $"{type}");
    }

    [TestCaseSource(nameof(Fp8Cases))]
    public void Reads_fp8(string method, string suffix, int rows, int columns, GgufTensorType type)
    {
        int[] block = [rows, columns];
        JsonArray? Size() => rows == 24 ? new JsonArray(rows, columns) : null;
        JsonObject weights = new() { ["num_bits"] = 8, ["type"] = "float", ["strategy"] = "block", ["block_structure"] = Size() };
        using TinyFolder folder = Folder(method switch
        {
            "compressed" => new JsonObject
            {
                ["quant_method"] = "compressed-tensors",
                ["format"] = "float-quantized",
                ["config_groups"] = new JsonObject { ["group_0"] = new JsonObject { ["weights"] = weights } },
            },
            "modelopt" => new JsonObject { ["quant_method"] = "modelopt", ["quant_algo"] = "FP8", ["weight_block_size"] = Size() },
            _ => new JsonObject { ["quant_method"] = "fp8", ["fmt"] = "e4m3", ["weight_block_size"] = Size() },
        });
        (int down, int across) = ((Outputs + rows - 1) / rows, (Inputs + columns - 1) / columns);

        // Powers of two, or numbers with all bits of a float.
        float[] scales = [.. Enumerable.Range(0, down * across).Select(i =>
            type == GgufTensorType.BF16 ? MathF.ScaleB(1, -9 - (i % 5)) : 0.0021f * (1 + (0.37f * (i % 7))))];

        // All numbers but the two that are none.
        byte[] numbers = [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (byte)((i * 37) + (i / 256)))];
        numbers = [.. numbers.Select(bits => (bits & 127) == 127 ? (byte)1 : bits)];
        Add(folder, ".weight", "F8_E4M3", numbers, Outputs, Inputs);
        Add(folder, suffix, "F32", scales, down * across == 1 ? [1] : [down, across]);
        Add(folder, ".input_scale", "F32", new[] { 3f }, 1);
        Check(folder, type, (output, input) =>
            E4M3(numbers[(output * Inputs) + input]) * scales[(output / block[0] * across) + (input / block[1])]);
    }

    // By the definition: a sign, four bits of an exponent from -7, three of a fraction; the lowest exponent has no leading 1.
    private static float E4M3(byte bits)
    {
        double fraction = (bits % 8) / 8.0;
        int exponent = bits / 8 % 16;
        double size = exponent == 0 ? fraction * Math.Pow(2, -6) : (1 + fraction) * Math.Pow(2, exponent - 7);
        return (float)(bits >= 128 ? -size : size);
    }
}

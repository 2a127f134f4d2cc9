using System.Text.Json.Nodes;
using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Tests.Metadata;

namespace VkInfer.Tests.Loading;

/// <summary>The experts of gpt-oss folders, whose gates and ups take turns: in MXFP4 and in floats they are the same matrices.</summary>
public sealed class GptOssFolderTests
{
    private const int Experts = 3, Hidden = 64, Width = 32;
    private const string Stem = "model.layers.0.mlp.experts.";
    private static readonly float[] Levels = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    [TestCase("ffn_gate_exps", Width, Hidden)]
    [TestCase("ffn_up_exps", Width, Hidden)]
    [TestCase("ffn_down_exps", Hidden, Width)]
    public void Reads_experts_of_both_kinds(string part, int rows, int columns)
    {
        using TinyFolder blocks = Folder(isMxfp4: true);
        using TinyFolder floats = Folder(isMxfp4: false);
        float[] expected = new float[Experts * rows * columns];
        for (int i = 0; i < expected.Length; i++)
        {
            (int expert, int row, int column) = (i / (rows * columns), i / columns % rows, i % columns);
            bool isDown = part == "ffn_down_exps";
            int stored = isDown ? row : (2 * row) + (part == "ffn_up_exps" ? 1 : 0);
            expected[i] = Value(isDown, expert, stored, column);
        }

        Assert.Multiple(() =>
        {
            Assert.That(Read(blocks, $"blk.0.{part}.weight", GgufTensorType.MXFP4), Is.EqualTo(expected), "MXFP4");
            Assert.That(Read(floats, $"blk.0.{part}.weight", GgufTensorType.F32), Is.EqualTo(expected), "floats");
        });
    }

    [Test]
    public void Biases_of_gates_and_ups_take_turns()
    {
        using TinyFolder folder = Folder(isMxfp4: true);
        Assert.That(
            Read(folder, "blk.0.ffn_gate_exps.bias", GgufTensorType.F32),
            Is.EqualTo(Enumerable.Range(0, Experts * Width).Select(i => 2f * i)));
        Assert.That(
            Read(folder, "blk.0.ffn_up_exps.bias", GgufTensorType.F32),
            Is.EqualTo(Enumerable.Range(0, Experts * Width).Select(i => (2f * i) + 1)));
    }

    [Test]
    public void Another_format_is_refused_by_name()
    {
        using TinyFolder folder = Folder(isMxfp4: true);
        folder.Config["quantization_config"]!["quant_method"] = "fp8";
        Assert.That(
            () => ModelSource.Open(folder.Write()).Weights,
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("fp8"));
    }

    private static int Level(bool isDown, int expert, int row, int column) =>
        ((expert * 5) + (row * 3) + (column * 7) + (isDown ? 1 : 0)) % 16;

    private static int Exponent(int row, int block) => 120 + ((row + (3 * block)) % 12);

    private static float Value(bool isDown, int expert, int row, int column) =>
        Levels[Level(isDown, expert, row, column)] * MathF.ScaleB(1, Exponent(row, column / 32) - 127);

    private static float[] Read(TinyFolder folder, string name, GgufTensorType type)
    {
        using ModelSource source = ModelSource.Open(folder.Write());
        Assert.That(source.Weights.TryGetTensor(name, out GgufTensor? tensor), name);
        Assert.That(tensor!.Type, Is.EqualTo(type));
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(type, source.Weights.GetTensorData(tensor, 0, (int)tensor.ByteSize), values);
        return values;
    }

    private static TinyFolder Folder(bool isMxfp4)
    {
        var folder = new TinyFolder("gpt_oss");
        (string Name, bool IsDown, int Rows, int Columns)[] matrices =
            [("gate_up_proj", false, 2 * Width, Hidden), ("down_proj", true, Hidden, Width)];
        foreach ((string name, bool isDown, int rows, int columns) in matrices)
        {
            folder.Add($"{Stem}{name}_bias", Experts, rows);
            folder.Values[$"{Stem}{name}_bias"] = [.. Enumerable.Range(0, Experts * rows).Select(i => (float)i)];
            if (isMxfp4)
            {
                AddBlocks(folder, name, isDown, rows, columns);
                continue;
            }

            // Rows and columns change places.
            folder.Add(Stem + name, Experts, columns, rows);
            folder.Values[Stem + name] = [.. Enumerable.Range(0, Experts * rows * columns).Select(
                i => Value(isDown, i / (rows * columns), i % rows, i / rows % columns))];
        }

        if (isMxfp4)
        {
            folder.Config["quantization_config"] = new JsonObject { ["quant_method"] = "mxfp4" };
        }

        return folder;
    }

    private static void AddBlocks(TinyFolder folder, string name, bool isDown, int rows, int columns)
    {
        byte[] numbers = new byte[Experts * rows * columns / 2];
        for (int i = 0; i < numbers.Length; i++)
        {
            (int expert, int row, int column) = (2 * i / (rows * columns), 2 * i / columns % rows, 2 * i % columns);
            numbers[i] = (byte)(Level(isDown, expert, row, column) | (Level(isDown, expert, row, column + 1) << 4));
        }

        byte[] exponents = [.. Enumerable.Range(0, Experts * rows * columns / 32).Select(
            i => (byte)Exponent(i / (columns / 32) % rows, i % (columns / 32)))];
        folder.Add($"{Stem}{name}_blocks", Experts, rows, columns / 32, 16);
        folder.Add($"{Stem}{name}_scales", Experts, rows, columns / 32);
        folder.Stored[$"{Stem}{name}_blocks"] = ("U8", numbers);
        folder.Stored[$"{Stem}{name}_scales"] = ("U8", exponents);
    }
}

using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Tests.Metadata;

namespace VkInfer.Tests.Loading;

/// <summary>
/// Folders whose weights are quantised: every weight is exactly what its scheme defines, in the smallest blocks that can hold it.
/// </summary>
public sealed partial class QuantizedFolderTests
{
    private const string Stem = "model.layers.0.mlp.down_proj";
    private const string GgufName = "blk.0.ffn_down.weight";
    private const int Outputs = 32, Inputs = 64, GroupSize = 32, Groups = Inputs / GroupSize;

    // Scales that halves hold, as those of models do.
    private static readonly float[] Scales = [.. Enumerable.Range(0, Outputs * Groups).Select(i => (float)(Half)(0.003f * (1 + (i % 7))))];

    private static int Number(int output, int input, int bits) => ((output * 31) + (input * 17) + (output * input)) % (1 << bits);

    private static int Zero(int output, int group, int bits, bool symmetric) =>
        symmetric ? 1 << (bits - 1) : ((output * 5) + (group * 3)) % (1 << bits);

    [TestCase(4, true, "gptq", false, GgufTensorType.Q4_0)]
    [TestCase(4, false, "gptq", false, GgufTensorType.Q5_0)]
    [TestCase(4, false, "gptq_v2", false, GgufTensorType.Q5_0)]
    [TestCase(8, true, "gptq", false, GgufTensorType.Q8_0)]
    [TestCase(8, false, "gptq", false, GgufTensorType.F32)]
    [TestCase(4, false, "gptq", true, GgufTensorType.F32)]
    public void Reads_gptq(int bits, bool symmetric, string format, bool shuffles, GgufTensorType type)
    {
        using TinyFolder folder = Folder(new JsonObject
        {
            ["quant_method"] = "gptq",
            ["bits"] = bits,
            ["group_size"] = GroupSize,
            ["checkpoint_format"] = format,
            ["desc_act"] = shuffles,
        });
        int perWord = 32 / bits;
        int[] groups = [.. Enumerable.Range(0, Inputs).Select(input => shuffles ? input * 7 % Groups : input / GroupSize)];
        uint[] quants = new uint[Inputs / perWord * Outputs];
        uint[] zeros = new uint[Groups * Outputs / perWord];
        for (int output = 0; output < Outputs; output++)
        {
            for (int input = 0; input < Inputs; input++)
            {
                quants[(input / perWord * Outputs) + output] |= (uint)Number(output, input, bits) << (bits * (input % perWord));
            }

            for (int group = 0; group < Groups; group++)
            {
                int stored = (Zero(output, group, bits, symmetric) - (format == "gptq" ? 1 : 0)) & ((1 << bits) - 1);
                zeros[((group * Outputs) + output) / perWord] |= (uint)stored << (bits * (output % perWord));
            }
        }

        Add(folder, ".qweight", "I32", quants, Inputs / perWord, Outputs);
        Add(folder, ".qzeros", "I32", zeros, Groups, Outputs / perWord);
        Add(folder, ".scales", "F16", ByGroup(), Groups, Outputs);
        Add(folder, ".g_idx", "I32", groups, Inputs);
        Check(folder, type, (output, input) => Scale(output, groups[input])
            * (Number(output, input, bits) - Zero(output, groups[input], bits, symmetric)));
    }

    [Test]
    public void Reads_awq()
    {
        using TinyFolder folder = Folder(new JsonObject
        {
            ["quant_method"] = "awq",
            ["bits"] = 4,
            ["group_size"] = GroupSize,
            ["version"] = "gemm",
        });
        int[] order = [0, 2, 4, 6, 1, 3, 5, 7];
        uint[] quants = new uint[Inputs * Outputs / 8];
        uint[] zeros = new uint[Groups * Outputs / 8];
        for (int place = 0; place < Outputs; place++)
        {
            int output = (place / 8 * 8) + order[place % 8];
            for (int input = 0; input < Inputs; input++)
            {
                quants[((input * Outputs) + place) / 8] |= (uint)Number(output, input, 4) << (4 * (place % 8));
            }

            for (int group = 0; group < Groups; group++)
            {
                zeros[((group * Outputs) + place) / 8] |= (uint)Zero(output, group, 4, false) << (4 * (place % 8));
            }
        }

        Add(folder, ".qweight", "I32", quants, Inputs, Outputs / 8);
        Add(folder, ".qzeros", "I32", zeros, Groups, Outputs / 8);
        Add(folder, ".scales", "F16", ByGroup(), Groups, Outputs);
        Check(folder, GgufTensorType.Q5_0, (output, input) => Scale(output, input / GroupSize)
            * (Number(output, input, 4) - Zero(output, input / GroupSize, 4, false)));
    }

    [TestCase(4, true, GgufTensorType.Q4_0)]
    [TestCase(4, false, GgufTensorType.Q5_0)]
    [TestCase(8, true, GgufTensorType.Q8_0)]
    public void Reads_compressed_tensors(int bits, bool symmetric, GgufTensorType type)
    {
        using TinyFolder folder = Folder(Compressed("pack-quantized", bits));
        int perWord = 32 / bits;
        uint[] quants = new uint[Outputs * Inputs / perWord];
        uint[] zeros = new uint[Outputs / perWord * Groups];
        for (int output = 0; output < Outputs; output++)
        {
            for (int input = 0; input < Inputs; input++)
            {
                quants[((output * Inputs) + input) / perWord] |= (uint)Number(output, input, bits) << (bits * (input % perWord));
            }

            for (int group = 0; group < Groups; group++)
            {
                zeros[(output / perWord * Groups) + group] |= (uint)Zero(output, group, bits, symmetric) << (bits * (output % perWord));
            }
        }

        Add(folder, ".weight_packed", "I32", quants, Outputs, Inputs / perWord);
        Add(folder, ".weight_scale", "F16", Halves(Scales), Outputs, Groups);
        Add(folder, ".weight_shape", "I64", new long[] { Outputs, Inputs }, 2);
        if (!symmetric)
        {
            Add(folder, ".weight_zero_point", "I32", zeros, Outputs / perWord, Groups);
        }

        Check(folder, type, (output, input) => Scale(output, input / GroupSize)
            * (Number(output, input, bits) - Zero(output, input / GroupSize, bits, symmetric)));
    }

    [Test]
    public void Reads_nvfp4([Values] bool isDivided)
    {
        using TinyFolder folder = Folder(isDivided
            ? Compressed("nvfp4-pack-quantized", 4)
            : new JsonObject { ["quant_method"] = "modelopt", ["quant_algo"] = "NVFP4" });
        float[] levels = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        byte[] numbers = new byte[Outputs * Inputs / 2];
        byte[] scales = [.. Enumerable.Range(0, Outputs * Inputs / 16).Select(i => (byte)(0x18 + (i % 40)))];
        for (int i = 0; i < Outputs * Inputs; i++)
        {
            numbers[i / 2] |= (byte)(Number(i / Inputs, i % Inputs, 4) << (4 * (i % 2)));
        }

        const float TensorScale = 0.25f;
        Add(folder, isDivided ? ".weight_packed" : ".weight", "U8", numbers, Outputs, Inputs / 2);
        Add(folder, ".weight_scale", "F8_E4M3", scales, Outputs, Inputs / 16);
        Add(folder, isDivided ? ".weight_global_scale" : ".weight_scale_2", "F32", new[] { isDivided ? 1 / TensorScale : TensorScale }, 1);
        Add(folder, isDivided ? ".input_global_scale" : ".input_scale", "F32", new[] { 3f }, 1);
        Check(
            folder, GgufTensorType.NVFP4,
            (output, input) =>
            {
                (int number, byte scale) = (Number(output, input, 4), scales[((output * Inputs) + input) / 16]);
                float factor = MathF.ScaleB(1 + ((scale & 7) / 8f), (scale >> 3) - 7);
                float level = levels[number & 7];
                return factor * (number < 8 || level == 0 ? level : -level);
            },
            TensorScale);
    }

    [TestCase("""{"quant_method": "fbgemm_fp8"}""", "quantization_config.quant_method is \"fbgemm_fp8\"; expected gptq")]
    [TestCase("""{"quant_method": "fp8", "fmt": "e5m2"}""", "quantization_config.fmt is \"e5m2\"; expected e4m3")]
    [TestCase("""{"quant_method": "fp8", "weight_block_size": [128, 0]}""", "quantization_config.weight_block_size is [128,0]")]
    [TestCase("""{"quant_method": "gptq", "bits": 3, "group_size": 32}""", "quantization_config.bits is 3; expected 4 or 8")]
    [TestCase("""{"quant_method": "gptq", "bits": 4, "group_size": 48}""", "quantization_config.group_size is 48")]
    [TestCase(
        """{"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemv"}""",
        "quantization_config.version is \"gemv\"; expected gemm")]
    [TestCase("""{"quant_method": "modelopt", "quant_algo": "W4A8"}""", "quantization_config.quant_algo is W4A8; expected NVFP4")]
    [TestCase(
        """{"quant_method": "compressed-tensors", "format": "marlin-24"}""", "quantization_config.format is \"marlin-24\"")]
    public void Refuses_other_schemes_by_key_and_value(string scheme, string expected)
    {
        using TinyFolder folder = new TinyFolder().With("quantization_config", JsonNode.Parse(scheme));
        Assert.That(
            () => ModelInspection.Inspect(folder.Write()), Throws.TypeOf<UnsupportedModelException>().With.Message.Contains(expected));
    }

    [Test]
    public void Refuses_parts_that_are_missing_or_do_not_fit()
    {
        using TinyFolder folder = Folder(new JsonObject { ["quant_method"] = "gptq", ["bits"] = 4, ["group_size"] = GroupSize });
        Add(folder, ".qweight", "I32", new uint[Inputs / 8 * Outputs], Inputs / 8, Outputs);
        Assert.That(
            () => ModelInspection.Inspect(folder.Write()),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains($"tensor {Stem}.scales is missing"));
        Add(folder, ".scales", "F16", new Half[Groups * 8], Groups, 8);
        Add(folder, ".qzeros", "I32", new uint[Groups * Outputs / 8], Groups, Outputs / 8);
        Assert.That(
            () => ModelInspection.Inspect(folder.Write()),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains(
                $"{Stem}.scales is {Groups} x 8; expected {Groups} x {Outputs}"));
    }

    private static TinyFolder Folder(JsonObject scheme)
    {
        TinyFolder folder = new TinyFolder().With("intermediate_size", Inputs).With("quantization_config", scheme);
        foreach (string layer in new[] { "0", "1" })
        {
            folder.Add($"model.layers.{layer}.mlp.gate_proj.weight", Inputs, 32);
            folder.Add($"model.layers.{layer}.mlp.up_proj.weight", Inputs, 32);
            folder.Add($"model.layers.{layer}.mlp.down_proj.weight", 32, Inputs);
        }

        folder.Tensors.Remove(Stem + ".weight");
        return folder;
    }

    private static JsonObject Compressed(string format, int bits) => new()
    {
        ["quant_method"] = "compressed-tensors",
        ["format"] = format,
        ["config_groups"] = new JsonObject
        {
            ["group_0"] = new JsonObject
            {
                ["weights"] = new JsonObject { ["num_bits"] = bits, ["type"] = "int", ["strategy"] = "group", ["group_size"] = GroupSize },
            },
        },
    };

    private static void Add<T>(TinyFolder folder, string suffix, string type, T[] data, params int[] shape)
        where T : unmanaged
    {
        folder.Add(Stem + suffix, shape);
        folder.Stored[Stem + suffix] = (type, MemoryMarshal.AsBytes(data.AsSpan()).ToArray());
    }

    private static float Scale(int output, int group) => Scales[(output * Groups) + group];

    private static Half[] Halves(float[] values) => Array.ConvertAll(values, value => (Half)value);

    private static Half[] ByGroup() =>
        [.. Enumerable.Range(0, Groups * Outputs).Select(i => (Half)Scale(i % Outputs, i / Outputs))];

    private static void Check(TinyFolder folder, GgufTensorType type, Func<int, int, float> expected, float? tensorScale = null)
    {
        string path = folder.Write();
        using (ModelSource source = ModelSource.Open(path))
        {
            Assert.That(source.Weights.TryGetTensor(GgufName, out GgufTensor? tensor), Is.True);
            Assert.That(tensor!.Type, Is.EqualTo(type));
            Assert.That((tensor.Rows, tensor.Columns), Is.EqualTo(((long)Outputs, (long)Inputs)));
            float[] values = new float[Outputs * Inputs];
            Dequantizer.ToFloat32(type, source.Weights.GetTensorData(tensor, 0, (int)tensor.ByteSize), values);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.That(values[i], Is.EqualTo(expected(i / Inputs, i % Inputs)), $"output {i / Inputs}, input {i % Inputs}");
            }

            Assert.That(TensorScales.Read(source.Weights, tensor).Values, Is.EqualTo(new[] { tensorScale ?? 1 }));
        }

        using Model model = Model.Load(path, TestModels.Options());
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits([1, 5, 9], (_, row) => rows.Add(row.ToArray()));
        Assert.That(rows.SelectMany(row => row), Is.All.Matches<float>(float.IsFinite));
    }
}

using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Tests.Hostile;

namespace VkInfer.Tests;

/// <summary>
/// A model in MXFP4 and NVFP4, the latter with its tensors' own scales, beside the same model with the same values in float32: equal
/// logits.
/// </summary>
public sealed class Float4FormatTests
{
    private const float TensorScale = 0.37f;
    private const string Down = "blk.0.ffn_down";

    private static readonly int[] Prompt = [1, 260, 261, 262, 263, 259, 261];

    private static readonly (string Name, GgufTensorType Type, int Rows, int Columns)[] Formats =
    [
        ("token_embd", GgufTensorType.MXFP4, TinyLlama.VocabSize, 32),
        ("blk.0.attn_q", GgufTensorType.MXFP4, 32, 32),
        ("blk.0.attn_k", GgufTensorType.MXFP4, 16, 32),
        ("blk.0.attn_v", GgufTensorType.MXFP4, 16, 32),
        ("blk.0.attn_output", GgufTensorType.MXFP4, 32, 32),
        ("blk.0.ffn_gate", GgufTensorType.MXFP4, 64, 32),
        ("blk.0.ffn_up", GgufTensorType.MXFP4, 64, 32),
        (Down, GgufTensorType.NVFP4, 32, 64),
    ];

    [Test]
    public void Gives_the_logits_of_the_same_values_in_float32()
    {
        (TinyLlama blocks, TinyLlama plain) = Models();
        float[][] expected = Run(plain), actual = Run(blocks);
        for (int i = 0; i < Prompt.Length; i++)
        {
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-3f), $"token {i}");
        }

        Assert.That(expected[^1], Is.Not.EqualTo(Run(WithScale(plain, 1))[^1]).Within(1e-3f), "the tensor's scale changes nothing");
    }

    [Test]
    public void Refuses_scales_of_another_number_or_none()
    {
        (TinyLlama blocks, _) = Models();
        blocks.SetValues(Down + ".scale", [1, 2], 2);
        Assert.That(
            () => Run(blocks), Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("ffn_down.scale is 2; expected 1 element"));
        blocks.SetValues(Down + ".scale", [float.NaN], 1);
        Assert.That(() => Run(blocks), Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("expected a finite scale"));
    }

    [Test]
    public void Refuses_a_scale_beside_a_format_that_has_none()
    {
        (TinyLlama blocks, _) = Models();
        blocks.SetValues("blk.0.ffn_up.scale", [2], 1);
        Assert.That(() => Run(blocks), Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("ffn_up.scale is not part of"));
    }

    private static (TinyLlama Blocks, TinyLlama Plain) Models()
    {
        var blocks = new TinyLlama();
        var plain = new TinyLlama();
        foreach ((string name, GgufTensorType type, int rows, int columns) in Formats)
        {
            byte[] data = RandomBlocks(type, rows * columns, name.Length);
            float[] values = new float[rows * columns];
            Dequantizer.ToFloat32(type, data, values);
            float scale = type == GgufTensorType.NVFP4 ? TensorScale : 1;
            blocks.Tensors[name + ".weight"] = ((uint)type, [(ulong)columns, (ulong)rows], data);
            plain.SetValues(name + ".weight", [.. values.Select(value => value * scale)], (ulong)columns, (ulong)rows);
        }

        blocks.SetValues(Down + ".scale", [TensorScale], 1);
        blocks.SetValues(Down + ".input_scale", [3], 1);
        return (blocks, plain);
    }

    private static TinyLlama WithScale(TinyLlama plain, float scale)
    {
        (ulong[] dimensions, byte[] data) = (plain.Tensors[Down + ".weight"].Dimensions, plain.Tensors[Down + ".weight"].Data);
        float[] values = [.. MemoryMarshal.Cast<byte, float>(data).ToArray().Select(value => value / TensorScale * scale)];
        plain.SetValues(Down + ".weight", values, dimensions);
        return plain;
    }

    private static byte[] RandomBlocks(GgufTensorType type, int elements, int seed)
    {
        var random = new Random(seed);
        byte[] data = new byte[GgufTensorTypes.RowBytes(type, elements)];
        random.NextBytes(data);
        (int size, int scales) = (GgufTensorTypes.BlockBytes(type), type == GgufTensorType.NVFP4 ? 4 : 1);
        for (int at = 0; at < data.Length; at += size)
        {
            for (int i = 0; i < scales; i++)
            {
                // Powers of two near 1/8; numbers of E4M3 from 1/8 to 1.
                data[at + i] = (byte)(type == GgufTensorType.NVFP4 ? random.Next(0x20, 0x38) : random.Next(123, 126));
            }
        }

        return data;
    }

    private static float[][] Run(TinyLlama model)
    {
        using var file = new TemporaryFile(model.ToArray());
        using Model loaded = Model.Load(file.Path, TestModels.Options());
        using Session session = loaded.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(Prompt, (_, row) => rows.Add(row.ToArray()));
        Assert.That(loaded.ValidationMessages, Is.Empty);
        return [.. rows];
    }
}

using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Tests.Hostile;

namespace VkInfer.Tests;

/// <summary>
/// A model whose joined tensors have different formats, beside the same model with the same values in float32: equal logits, by prefill
/// and by decode, in the memory of its own blocks.
/// </summary>
public sealed class MixedFormatTests
{
    private static readonly int[] Prompt = [1, 260, 261, 262, 263, 259, 261];

    private static readonly (string Name, GgufTensorType Type, WeightType Weights, int Rows, int Columns)[] Formats =
    [
        ("token_embd", GgufTensorType.Q8_0, WeightType.Q8_0, TinyLlama.VocabSize, 32),
        ("blk.0.attn_q", GgufTensorType.Q8_0, WeightType.Q8_0, 32, 32),
        ("blk.0.attn_k", GgufTensorType.Q8_0, WeightType.Q8_0, 16, 32),
        ("blk.0.attn_v", GgufTensorType.Q5_1, WeightType.Q5_1, 16, 32),
        ("blk.0.attn_output", GgufTensorType.Q4_1, WeightType.Q4_1, 32, 32),
        ("blk.0.ffn_gate", GgufTensorType.Q5_0, WeightType.Q5_0, 64, 32),
        ("blk.0.ffn_up", GgufTensorType.Q4_0, WeightType.Q4_0, 64, 32),
        ("blk.0.ffn_down", GgufTensorType.Q5_1, WeightType.Q5_1, 32, 64),
    ];

    [Test]
    public void Gives_the_logits_of_the_same_values_in_one_format()
    {
        (TinyLlama mixed, TinyLlama plain) = Models();
        (float[][] Logits, int[] Greedy) expected = Run(plain), actual = Run(mixed);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < Prompt.Length; i++)
            {
                Assert.That(actual.Logits[i], Is.EqualTo(expected.Logits[i]).Within(1e-3f), $"token {i}");
            }

            Assert.That(actual.Greedy, Is.EqualTo(expected.Greedy));
        });
    }

    [Test]
    public void Needs_the_memory_of_its_own_blocks()
    {
        using var file = new TemporaryFile(Models().Mixed.ToArray());
        ModelInspection inspection = ModelInspection.Inspect(file.Path);

        // Neighbours of one format stand in one matrix; each matrix has its parts aligned.
        long expected = Formats.Where(f => f.Name is not ("blk.0.attn_q" or "blk.0.attn_k"))
            .Sum(f => WeightLayout.SizeInBytes(f.Weights, f.Rows, f.Columns)) + WeightLayout.SizeInBytes(WeightType.Q8_0, 48, 32);
        int ropeTable = 256 * 8 * sizeof(float);
        Assert.That(inspection.Memory!.WeightBytes, Is.EqualTo(expected + ropeTable));
        Assert.That(inspection.Tensors.Single(t => t.Name == "blk.0.attn_v.weight").Type, Is.EqualTo("Q5_1"));
    }

    private static (TinyLlama Mixed, TinyLlama Plain) Models()
    {
        var mixed = new TinyLlama();
        var plain = new TinyLlama();
        foreach ((string name, GgufTensorType type, _, int rows, int columns) in Formats)
        {
            var random = new Random(name.Length);
            float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() - 0.5f)];
            byte[] blocks = new byte[GgufTensorTypes.RowBytes(type, values.Length)];
            Quantizer.FromFloat32(type, values, blocks);
            Dequantizer.ToFloat32(type, blocks, values);
            string tensor = name + ".weight";
            mixed.Tensors[tensor] = ((uint)type, [(ulong)columns, (ulong)rows], blocks);
            plain.SetValues(tensor, values, (ulong)columns, (ulong)rows);
        }

        return (mixed, plain);
    }

    private static (float[][] Logits, int[] Greedy) Run(TinyLlama model)
    {
        using var file = new TemporaryFile(model.ToArray());
        using Model loaded = Model.Load(file.Path, TestModels.Options());
        using Session session = loaded.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(Prompt, (_, row) => rows.Add(row.ToArray()));
        int[] greedy = [.. Enumerable.Range(0, 20).Select(_ => session.NextToken(SamplingOptions.Greedy))];
        Assert.That(loaded.ValidationMessages, Is.Empty);
        return ([.. rows], greedy);
    }
}

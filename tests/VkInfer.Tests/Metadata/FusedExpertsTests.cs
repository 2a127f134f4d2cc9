using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Testing;

namespace VkInfer.Tests.Metadata;

/// <summary>All experts of a layer in one tensor, as transformers 5 stores them, are the experts in tensors of their own.</summary>
public sealed class FusedExpertsTests
{
    private const int Experts = 4;
    private const int Width = 48;
    private const int Hidden = 32;

    [TestCase(
        "mixtral", "block_sparse_moe.gate", "block_sparse_moe.experts.{0}.w1", "block_sparse_moe.experts.{0}.w3",
        "block_sparse_moe.experts.{0}.w2")]
    [TestCase("qwen3_moe", "mlp.gate", "mlp.experts.{0}.gate_proj", "mlp.experts.{0}.up_proj", "mlp.experts.{0}.down_proj")]
    public void Fused_experts_give_the_tokens_of_single_ones(string type, string router, string gate, string up, string down)
    {
        using var single = new TemporaryFolder();
        using var fused = new TemporaryFolder();
        Write(single, type, layer =>
        [
            (router + ".weight", [Experts, Hidden], Values(layer, 0, Experts * Hidden)),
            .. Enumerable.Range(0, Experts).SelectMany(expert => new (string, int[], float[])[]
            {
                (string.Format(gate, expert) + ".weight", [Width, Hidden], Values(layer, 10 + expert, Width * Hidden)),
                (string.Format(up, expert) + ".weight", [Width, Hidden], Values(layer, 20 + expert, Width * Hidden)),
                (string.Format(down, expert) + ".weight", [Hidden, Width], Values(layer, 30 + expert, Width * Hidden)),
            }),
        ]);
        Write(fused, type, layer =>
        [
            ("mlp.gate.weight", [Experts, Hidden], Values(layer, 0, Experts * Hidden)),
            ("mlp.experts.gate_up_proj", [Experts, 2 * Width, Hidden],
                [.. Enumerable.Range(0, Experts).SelectMany(expert =>
                    Values(layer, 10 + expert, Width * Hidden).Concat(Values(layer, 20 + expert, Width * Hidden)))]),
            ("mlp.experts.down_proj", [Experts, Hidden, Width],
                [.. Enumerable.Range(0, Experts).SelectMany(expert => Values(layer, 30 + expert, Width * Hidden))]),
        ]);
        Assert.That(Logits(fused.FullName), Is.EqualTo(Logits(single.FullName)));
    }

    [Test]
    public void A_half_is_read_in_any_pieces()
    {
        using var folder = new TemporaryFolder();
        float[] stored = [.. Enumerable.Range(0, Experts * 2 * Width * Hidden).Select(i => (float)i)];
        Write(folder, "qwen3_moe", layer => [("mlp.experts.gate_up_proj", [Experts, 2 * Width, Hidden], stored)]);
        using ModelSource source = ModelSource.Open(folder.FullName);
        Assert.That(source.Weights.TryGetTensor("blk.1.ffn_up_exps.weight", out GgufTensor? up), Is.True);
        Assert.That(up!.Dimensions, Is.EqualTo(new long[] { Hidden, Width, Experts }));
        byte[] whole = new byte[up.ByteSize];
        source.Weights.ReadTensor(up, 0, whole);
        float[] expected = [.. Enumerable.Range(0, Experts * Width * Hidden).Select(i =>
            (float)(i + (((i / (Width * Hidden)) + 1) * Width * Hidden)))];
        Assert.That(MemoryMarshal.Cast<byte, float>(whole).ToArray(), Is.EqualTo(expected));
        var random = new Random(5);
        for (int i = 0; i < 50; i++)
        {
            int offset = random.Next(whole.Length);
            byte[] part = new byte[random.Next(whole.Length - offset + 1)];
            source.Weights.ReadTensor(up, offset, part);
            Assert.That(part.AsSpan().SequenceEqual(whole.AsSpan(offset, part.Length)), Is.True, $"{part.Length} at {offset}");
        }

        Assert.That(() => source.Weights.ReadTensor(up, 1, whole), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Experts_of_another_shape_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "qwen3_moe", layer =>
        [
            ("mlp.gate.weight", [Experts, Hidden], Values(layer, 0, Experts * Hidden)),
            ("mlp.experts.gate_up_proj", [Experts, Hidden, 2 * Width], Values(layer, 1, Experts * 2 * Width * Hidden)),
            ("mlp.experts.down_proj", [Experts, Hidden, Width], Values(layer, 2, Experts * Width * Hidden)),
        ]);
        Assert.That(
            () => Model.Load(folder.FullName, TestModels.Options()).Dispose(),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("ffn_"));
    }

    private static float[] Values(int layer, int seed, int count)
    {
        var random = new Random((100 * layer) + seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 0.4))];
    }

    private static float[] Logits(string path)
    {
        using Model model = Model.Load(path, TestModels.Options());
        using Session session = model.CreateSession();
        session.Append([1, 5, 9, 200, 33]);
        float[] logits = new float[model.Config.VocabSize];
        session.ReadLogits(logits);
        return logits;
    }

    /// <summary>The folder of a small Llama with experts in the place of its feed-forward layers.</summary>
    private static void Write(TemporaryFolder target, string type, Func<int, (string Name, int[] Shape, float[] Values)[]> experts)
    {
        using TinyFolder folder = new TinyFolder(type)
            .With("num_local_experts", Experts).With("num_experts", Experts).With("num_experts_per_tok", 2)
            .With("moe_intermediate_size", Width).With("norm_topk_prob", true);
        if (type == "qwen3_moe")
        {
            folder.Add("model.layers.0.self_attn.q_norm.weight", 8);
            folder.Add("model.layers.0.self_attn.k_norm.weight", 8);
            folder.Add("model.layers.1.self_attn.q_norm.weight", 8);
            folder.Add("model.layers.1.self_attn.k_norm.weight", 8);
        }

        foreach (string name in folder.Tensors.Keys.Where(name => name.Contains(".mlp.", StringComparison.Ordinal)).ToArray())
        {
            folder.Tensors.Remove(name);
        }

        for (int layer = 0; layer < 2; layer++)
        {
            foreach ((string name, int[] shape, float[] values) in experts(layer))
            {
                folder.Add($"model.layers.{layer}.{name}", shape);
                folder.Values[$"model.layers.{layer}.{name}"] = values;
            }
        }

        string path = folder.Write();
        foreach (string file in Directory.GetFiles(path))
        {
            File.Copy(file, target.PathOf(Path.GetFileName(file)));
        }
    }
}

using VkInfer.Testing;

namespace VkInfer.Formats.Tests;

/// <summary>Real files of several makers and types open, and say what is in them.</summary>
public class RealModelTests
{
    [Test]
    public void Every_model_opens_with_tensors_that_can_be_read()
    {
        string[] files = Directory.GetFiles(ReferenceData.Find("models"), "*.gguf");
        Assert.That(files, Has.Length.GreaterThanOrEqualTo(17));
        foreach (string path in files)
        {
            using var file = GgufFile.Open(path);
            Assert.That(file.FileSize, Is.EqualTo(new FileInfo(path).Length), path);
            Assert.That(file.GetString("general.architecture"), Is.Not.Empty, path);
            Assert.That(file.Tensors, Is.Not.Empty, path);
            foreach (GgufTensor tensor in file.Tensors)
            {
                Assert.That(tensor.ByteSize, Is.EqualTo(tensor.RowBytes * tensor.Rows), $"{path} {tensor}");
                byte[] copy = new byte[tensor.ByteSize];
                file.ReadTensor(tensor, 0, copy);
                Assert.That(file.GetTensorData(tensor, 0, copy.Length).SequenceEqual(copy), Is.True, $"{path} {tensor}");
            }
        }
    }

    [Test]
    public void Metadata_has_the_values_that_the_model_was_trained_with()
    {
        using var file = GgufFile.Open(ReferenceData.Find("models", "stories260K-tied-f32.gguf"));
        Assert.Multiple(() =>
        {
            Assert.That(file.Version, Is.EqualTo(3));
            Assert.That(file.GetString("general.architecture"), Is.EqualTo("llama"));
            Assert.That(file.GetInt("llama.embedding_length"), Is.EqualTo(64));
            Assert.That(file.GetInt("llama.block_count"), Is.EqualTo(5));
            Assert.That(file.GetInt("llama.attention.head_count"), Is.EqualTo(8));
            Assert.That(file.GetInt("llama.attention.head_count_kv"), Is.EqualTo(4));
            Assert.That(file.GetFloat("llama.attention.layer_norm_rms_epsilon"), Is.EqualTo(1e-5f));
            Assert.That(file.GetStringArray("tokenizer.ggml.tokens", 512)[1], Is.EqualTo("<s>"));
            Assert.That(file.GetFloatArray("tokenizer.ggml.scores"), Has.Length.EqualTo(512));
            Assert.That(file.GetIntArray("tokenizer.ggml.token_type", 512)[3], Is.EqualTo(6), "<0x00> is a byte token");
            Assert.That(file.TryGetTensor("token_embd.weight", out GgufTensor? embedding), Is.True);
            Assert.That(embedding!.Dimensions, Is.EqualTo(new long[] { 64, 512 }));
            Assert.That((embedding.Columns, embedding.Rows), Is.EqualTo((64L, 512L)));
        });
    }

    [Test]
    public void The_same_model_in_other_types_has_the_same_weights()
    {
        using var exact = GgufFile.Open(ReferenceData.Find("models", "stories260K-tied-f32.gguf"));
        foreach ((string name, double bound) in new[] { ("stories260K-tied-f16.gguf", 1e-3), ("stories260K-tied-q8_0-mixed.gguf", 1e-2) })
        {
            using var other = GgufFile.Open(ReferenceData.Find("models", name));
            foreach (GgufTensor tensor in exact.Tensors)
            {
                Assert.That(other.TryGetTensor(tensor.Name, out GgufTensor? same), Is.True, tensor.Name);
                float[] expected = Decode(exact, tensor);
                float[] actual = Decode(other, same!);
                float scale = expected.Max(Math.Abs);
                Assert.That(actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(bound * scale), $"{name} {same}");
            }
        }
    }

    private static float[] Decode(GgufFile file, GgufTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(tensor.Type, file.GetTensorData(tensor, 0, (int)tensor.ByteSize), values);
        return values;
    }
}

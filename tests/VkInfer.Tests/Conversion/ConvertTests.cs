using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tests.Families;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Conversion;

/// <summary>What is written is the model that was read.</summary>
[Category("Host")]
public sealed class ConvertTests
{
    private TemporaryFolder _folder = null!;

    private static string Folder => Path.GetDirectoryName(TestModels.DataFile("models/hf-stories260K/config.json"))!;

    private string Output => Path.Combine(_folder.FullName, "out.gguf");

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void CleanUp() => _folder.Dispose();

    [Test]
    public void A_folder_as_GGUF_gives_the_logits_of_the_reference()
    {
        ModelConverter.Convert(Folder, Output);
        LogitsReference reference = LogitsReference.OfGguf("stories260K-tied-f32");
        using Model model = Model.Load(Output, TestModels.Options());
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(reference.Tokens, (_, row) => rows.Add(row.ToArray()));
        Assert.That(reference.ErrorOf(rows), Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs));

        using Model folder = Model.Load(Folder, TestModels.Options());
        string text = File.ReadAllText(TestModels.DataFile("text/tinyshakespeare.txt"))[..4000];
        Assert.That(model.Tokenizer.Encode(text), Is.EqualTo(folder.Tokenizer.Encode(text)));
    }

    [Test]
    public void Rows_of_Q_and_K_stand_as_llama_cpp_rotates_them()
    {
        ModelConverter.Convert(Folder, Output);
        using GgufFile written = GgufFile.Open(Output);
        using GgufFile reference = GgufFile.Open(TestModels.Stories);
        foreach (GgufTensor tensor in reference.Tensors)
        {
            Assert.That(written.TryGetTensor(tensor.Name, out GgufTensor? same), Is.True, tensor.Name);
            Assert.That(Bytes(written, same!).AsSpan().SequenceEqual(Bytes(reference, tensor)), Is.True, tensor.Name);
        }
    }

    /// <summary>User-defined tokens are text in GGUF: with spaces, where tokenizer.json has ▁.</summary>
    [Test]
    public void User_defined_tokens_of_spaces_stay_spaces_on_the_way_to_GGUF()
    {
        string folder = ReferenceData.Case("gemma-space-tokens-decode", "folder");
        ModelConverter.Convert(folder, Output);
        using (GgufFile file = GgufFile.Open(Output))
        {
            int[] types = file.GetIntArray("tokenizer.ggml.token_type");
            GgufByteStrings tokens = file.GetByteStringArray("tokenizer.ggml.tokens");
            string[] spaces = [.. Enumerable.Range(0, types.Length).Where(id => types[id] == 4).Select(tokens.GetString)];
            Assert.That(spaces, Has.Some.EqualTo("  ").And.None.Contains('\u2581'));
        }

        using ModelSource source = ModelSource.Open(Output);
        using ModelSource original = ModelSource.Open(folder);
        Tokenizer tokenizer = source.CreateTokenizer()!;
        int[] ids = tokenizer.Encode("if a    b", addSpecial: false);
        Assert.That(ids, Is.EqualTo(original.CreateTokenizer()!.Encode("if a    b", addSpecial: false)));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("if a    b"));
        Assert.That(tokenizer.Decode([273, 271, 262, 272]), Is.EqualTo("if a    b"));
    }

    [Test]
    public void Quantised_matrices_survive_the_way_over_float16()
    {
        string half = Path.Combine(_folder.FullName, "half.gguf");
        ModelConverter.Convert(Model.DefaultModelPath, half, GgufTensorType.F16);
        ModelConverter.Convert(half, Output, GgufTensorType.Q8_0);
        using GgufFile original = GgufFile.Open(Model.DefaultModelPath);
        using GgufFile halves = GgufFile.Open(half);
        using GgufFile back = GgufFile.Open(Output);
        Assert.That(back.Metadata.Keys, Is.SupersetOf(original.Metadata.Keys.Where(key => key != "general.alignment")));
        foreach (GgufTensor tensor in original.Tensors)
        {
            _ = halves.TryGetTensor(tensor.Name, out GgufTensor? asHalf);
            _ = back.TryGetTensor(tensor.Name, out GgufTensor? again);
            Assert.That(
                (asHalf!.Type, again!.Type),
                Is.EqualTo(tensor.Rows == 1 ? (GgufTensorType.F32, GgufTensorType.F32) : (GgufTensorType.F16, tensor.Type)));
            (float[] expected, float[] actual) = (Decode(original, tensor), Decode(back, again));

            // Each block's scale is found again but for a rounding of its largest weight to float16.
            float largest = expected.Max(MathF.Abs);
            Assert.That(expected.Zip(actual, (a, b) => MathF.Abs(a - b)).Max(), Is.LessThanOrEqualTo(largest * 1e-3f), tensor.Name);
        }
    }

    [Test]
    public void The_embedding_keeps_eight_bits_and_vectors_all()
    {
        ModelConverter.Convert(Folder, Output, GgufTensorType.Q4_0);
        using GgufFile file = GgufFile.Open(Output);
        GgufTensorType Of(string name) => file.Tensors.Single(tensor => tensor.Name == name).Type;
        Assert.That(Of("token_embd.weight"), Is.EqualTo(GgufTensorType.Q8_0));
        Assert.That(Of("blk.0.attn_q.weight"), Is.EqualTo(GgufTensorType.Q4_0));
        Assert.That(Of("blk.0.attn_norm.weight"), Is.EqualTo(GgufTensorType.F32));
        Assert.That(Of("blk.0.ffn_down.weight"), Is.EqualTo(GgufTensorType.F32), "172 columns are no whole blocks");
    }

    [Test]
    public void What_cannot_be_done_leaves_nothing_behind()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(
            () => ModelConverter.Convert(Model.DefaultModelPath, Output, cancellationToken: cancelled.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            () => ModelConverter.Convert(Model.DefaultModelPath, Output, GgufTensorType.IQ1_S),
            Throws.ArgumentException.With.Message.Contains("Q8_0"));
        Assert.That(() => ModelConverter.Convert(Model.DefaultModelPath, Model.DefaultModelPath), Throws.ArgumentException);
        Assert.That(() => ModelConverter.Convert(_folder.FullName, Output), Throws.InstanceOf<UnsupportedModelException>());
        Assert.That(Directory.GetFiles(_folder.FullName), Is.Empty);
    }

    [Test]
    [Platform("Unix")]
    public void Devices_and_pipes_are_not_replaced_and_empty_files_are()
    {
        string pipe = Path.Combine(_folder.FullName, "pipe");
        using (var process = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            process.WaitForExit();
        }

        string link = Path.Combine(_folder.FullName, "link");
        File.CreateSymbolicLink(link, "/dev/null");
        foreach (string output in new[] { pipe, link, "/dev/null", _folder.FullName })
        {
            Assert.That(
                () => ModelConverter.Convert(Model.DefaultModelPath, output),
                Throws.InstanceOf<IOException>().With.Message.StartsWith(output));
        }

        Assert.That(Directory.GetFileSystemEntries(_folder.FullName), Has.Length.EqualTo(2));
        File.WriteAllBytes(Output, []);
        ModelConverter.Convert(Model.DefaultModelPath, Output);
        Assert.That(new FileInfo(Output).Length, Is.Positive);
    }

    [Test]
    public void Two_that_write_one_file_at_once_both_write_it_whole()
    {
        string alone = Path.Combine(_folder.FullName, "alone.gguf");
        ModelConverter.Convert(Model.DefaultModelPath, alone, GgufTensorType.Q4_0);
        Parallel.For(0, 4, _ => ModelConverter.Convert(Model.DefaultModelPath, Output, GgufTensorType.Q4_0));
        Assert.That(File.ReadAllBytes(Output).AsSpan().SequenceEqual(File.ReadAllBytes(alone)), Is.True);
        Assert.That(Directory.GetFiles(_folder.FullName), Has.Length.EqualTo(2));
    }

    [Test]
    public void A_conversion_that_is_cancelled_leaves_the_old_file()
    {
        File.WriteAllBytes(Output, [1, 2, 3]);
        using var cancellation = new CancellationTokenSource();
        Assert.That(
            () => ModelConverter.Convert(
                Model.DefaultModelPath, Output, GgufTensorType.Q4_0, new Cancelling(cancellation), cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllBytes(Output), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Directory.GetFiles(_folder.FullName), Has.Length.EqualTo(1));
    }

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => source.Cancel();
    }

    private static byte[] Bytes(GgufFile file, GgufTensor tensor) => file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)).ToArray();

    private static float[] Decode(GgufFile file, GgufTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(tensor.Type, Bytes(file, tensor), values);
        return values;
    }
}

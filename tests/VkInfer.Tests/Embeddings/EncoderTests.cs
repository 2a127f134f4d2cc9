using NUnit.Framework.Constraints;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Tests.Embeddings;

/// <summary>Each kind of encoder against an independent implementation, and what encoders do not do.</summary>
public sealed class EncoderTests
{
    private const double LeastCosine = 0.9999;
    private static readonly EmbeddingOptions Raw = new() { Normalize = false };

    [TestCase("bert")]
    [TestCase("embedding-gemma")]
    [TestCase("modern-bert")]
    [TestCase("nomic-bert")]
    public Task Folders_give_the_vectors_of_the_reference(string name) => Check(name, EncoderReference.Folder(name));

    [Test]
    public Task A_bert_in_GGUF_gives_them() => CheckGguf(
        "bert", ("attention.layer_norm_epsilon", 1e-12f), ("pooling_type", 1u));

    [Test]
    public Task A_gemma_embedding_in_GGUF_gives_them() => CheckGguf(
        "embedding-gemma", ("attention.layer_norm_rms_epsilon", 1e-6f), ("attention.key_length", 16u), ("attention.value_length", 16u),
        ("attention.sliding_window", 12u), ("attention.sliding_window_pattern", 2u), ("rope.freq_base", 1e6f), ("pooling_type", 1u));

    [Test]
    public Task A_modern_bert_in_GGUF_gives_them() => CheckGguf(
        "modern-bert", ("attention.layer_norm_epsilon", 1e-5f), ("attention.sliding_window", 10u),
        ("attention.sliding_window_pattern", 3u), ("rope.freq_base", 160000f), ("rope.freq_base_swa", 10000f), ("pooling_type", 2u));

    [Test]
    public Task A_nomic_bert_in_GGUF_gives_them() => CheckGguf(
        "nomic-bert", ("attention.layer_norm_epsilon", 1e-12f), ("rope.freq_base", 1000f), ("pooling_type", 1u));

    [TestCase("bert", KvType.F16)]
    [TestCase("modern-bert", KvType.F16)]
    [TestCase("embedding-gemma", KvType.Q8_0)]
    public async Task Short_keys_and_values_leave_the_direction(string name, KvType type)
    {
        using Model model = Model.Load(EncoderReference.Folder(name), TestModels.Options(type));
        foreach (EmbeddedText text in EncoderReference.Texts(name))
        {
            Assert.That(EncoderReference.Cosine(await model.EmbedAsync(text.Tokens), text.Embedding), Is.GreaterThan(LeastCosine));
        }
    }

    /// <summary>Their keys depend on what comes behind them: what one text computed is of no use to the other.</summary>
    [Test]
    public async Task Texts_that_begin_alike_share_nothing()
    {
        EmbeddedText text = EncoderReference.Texts("bert")[^1];
        int[] other = [.. text.Tokens[..64], 5, 6, 7, 8];
        using Model fresh = Model.Load(EncoderReference.Folder("bert"), TestModels.Options());
        float[] expected = await fresh.EmbedAsync(other, Raw);
        using Model model = Model.Load(EncoderReference.Folder("bert"), TestModels.Options());
        Close(await model.EmbedAsync(text.Tokens, Raw), text.Mean, "before");
        float[] actual = await model.EmbedAsync(other, Raw);
        Close(actual, [.. expected.Select(value => (double)value)], "behind a text that begins alike");
        float[] shorter = await model.EmbedAsync(text.Tokens.AsMemory(0, 64), Raw with { Pooling = EmbeddingPooling.Cls });
        Assert.That(Comparison.Measure(shorter, text.Cls).Nmse, Is.GreaterThan(1e-4), "what is behind a token counts");
        Close(await model.EmbedAsync(text.Tokens, Raw), text.Mean, "again");
    }

    [Test]
    public void What_only_a_decoder_does_is_refused()
    {
        using Model model = Model.Load(EncoderReference.Folder("bert"), TestModels.Options());
        Assert.Multiple(() =>
        {
            Assert.That(model.Config.IsEncoder, Is.True);
            Assert.That(() => model.CreateSession(), Refused());
            Assert.That(async () => await model.GenerateAsync(new[] { 1, 2 }).GetAsyncEnumerator().MoveNextAsync(), Refused());
            Assert.That(() => model.NextLogitsAsync(new[] { 1, 2 }, default), Refused());
            Assert.That(() => model.CalibrateSoftmax([1, 2, 3]), Refused());
            Assert.That(() => model.EmbedAsync(new int[97]), Throws.InstanceOf<ContextLengthExceededException>());
        });

        static IResolveConstraint Refused() =>
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("is an encoder (bert)");
    }

    [Test]
    public async Task Linear_layers_behind_pooling_give_its_size()
    {
        using Model model = Model.Load(EncoderReference.Folder("embedding-gemma"), TestModels.Options());
        EmbeddedText text = EncoderReference.Texts("embedding-gemma")[2];
        Assert.That(model.EmbeddingSize, Is.EqualTo(20));
        float[] cut = await model.EmbedAsync(text.Tokens, new EmbeddingOptions { Dimensions = 7 });
        Assert.That(cut, Has.Length.EqualTo(7));
        Assert.That(EncoderReference.Cosine(cut, text.Embedding[..7]), Is.GreaterThan(LeastCosine));
        Assert.That(
            () => model.EmbedAsync(text.Tokens, new EmbeddingOptions { Dimensions = 21 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase("../1_Pooling", "path")]
    [TestCase("/etc", "path")]
    [TestCase("..", "path")]
    public void A_module_outside_its_folder_is_refused(string path, string field) => CheckRefused(
        "modules.json", $$"""[{"type":"sentence_transformers.models.Pooling","path":"{{path}}"}]""", field);

    [TestCase("[{\"type\":\"sentence_transformers.models.CNN\",\"path\":\"1_CNN\"}]", "type")]
    [TestCase("{}", "array")]
    [TestCase("[1]", "object")]
    public void Modules_that_do_not_run_here_are_refused(string modules, string field) => CheckRefused("modules.json", modules, field);

    [TestCase("""{"pooling_mode_max_tokens":true}""", "pooling_mode_max_tokens")]
    [TestCase("""{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true}""", "pooling_mode_mean_tokens")]
    [TestCase("""{"pooling_mode":"max"}""", "pooling_mode")]
    public void Other_poolings_are_refused(string pooling, string field) => CheckRefused("1_Pooling/config.json", pooling, field);

    private static void CheckRefused(string file, string content, string field)
    {
        using var folder = new TemporaryFolder();
        string from = EncoderReference.Folder("bert");
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(folder.FullName, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(path, to);
        }

        File.WriteAllText(Path.Combine(folder.FullName, file), content);
        Assert.That(
            () => Model.Load(folder.FullName, TestModels.Options()),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains(field));
    }

    private static async Task CheckGguf(string name, params (string Key, object Value)[] keys)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, name + ".gguf");
        EncoderReference.WriteGguf(name, path, keys);
        await Check(name, path);
    }

    /// <summary>All texts at once, by each pooling and by the model's own.</summary>
    private static async Task Check(string name, string path)
    {
        EmbeddedText[] texts = EncoderReference.Texts(name);
        using Model model = Model.Load(path, TestModels.Options());
        float[][] means = await All(Raw with { Pooling = EmbeddingPooling.Mean });
        float[][] firsts = await All(Raw with { Pooling = EmbeddingPooling.Cls });
        float[][] lasts = await All(Raw with { Pooling = EmbeddingPooling.Last });
        float[][] own = await All(new EmbeddingOptions());
        bool hasModules = model.EmbeddingSize != model.Config.HiddenSize;
        for (int i = 0; i < texts.Length; i++)
        {
            string what = $"{name}, {texts[i].Tokens.Length} tokens";
            if (!hasModules)
            {
                Close(means[i], texts[i].Mean, what);
                Close(firsts[i], texts[i].Cls, what);
                Close(lasts[i], texts[i].Last, what);
            }

            Close(own[i], texts[i].Embedding, what);
            Assert.That(EncoderReference.Cosine(own[i], texts[i].Embedding), Is.GreaterThan(LeastCosine), what);
        }

        Assert.That(model.ValidationMessages, Is.Empty);

        Task<float[][]> All(EmbeddingOptions options) => Task.WhenAll(texts.Select(text => model.EmbedAsync(text.Tokens, options)));
    }

    private static void Close(float[] actual, double[] expected, string what) =>
        Comparison.AssertClose(actual, expected, Bounds.LogitsF32, what);
}

using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Tests.Families;

namespace VkInfer.Tests.Embeddings;

/// <summary>
/// Hidden states behind the last norm, and what is made of them. The head of the model is its embeddings: transformers' logits judge.
/// </summary>
public sealed class EmbeddingTests
{
    private static readonly EmbeddingOptions Raw = new() { Normalize = false };

    private LogitsReference _reference = null!;
    private Model _model = null!;
    private float[] _head = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _reference = LogitsReference.OfFixture("qwen3");
        _model = Model.Load(_reference.Path, TestModels.Options());
        using var weights = SafetensorsFile.OpenFolder(_reference.Path);
        Assert.That(weights.TryGetTensor("model.embed_tokens.weight", out GgufTensor? tensor), Is.True);
        _head = new float[_model.Config.VocabSize * _model.Config.HiddenSize];
        weights.ReadTensor(tensor!, 0, MemoryMarshal.AsBytes(_head.AsSpan()));
    }

    [OneTimeTearDown]
    public void Unload()
    {
        string[] messages = [.. _model.ValidationMessages];
        _model.Dispose();
        Assert.That(messages, Is.Empty);
    }

    [Test]
    public async Task The_head_makes_the_logits_of_the_reference_of_each_text()
    {
        var logits = new Dictionary<int, float[]>();
        for (int row = 0; row < _reference.Tokens.Length; row++)
        {
            logits[row] = Logits(await _model.EmbedAsync(_reference.Tokens.AsMemory(0, row + 1), Raw));
        }

        Assert.That(_reference.ErrorOf(logits), Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs));
    }

    [Test]
    public async Task Its_vectors_are_those_of_transformers()
    {
        foreach (EmbeddedText text in EncoderReference.Texts("qwen3"))
        {
            string what = $"{text.Tokens.Length} tokens";
            Close(await _model.EmbedAsync(text.Tokens, Raw with { Pooling = EmbeddingPooling.Mean }), text.Mean, what);
            Close(await _model.EmbedAsync(text.Tokens, Raw with { Pooling = EmbeddingPooling.Cls }), text.Cls, what);
            float[] own = await _model.EmbedAsync(text.Tokens);
            Close(own, text.Embedding, what);
            Assert.That(EncoderReference.Cosine(own, text.Embedding), Is.GreaterThan(0.9999), what);
        }
    }

    [Test]
    public async Task The_mean_is_of_all_tokens_and_the_first_is_of_the_first()
    {
        int[] text = _reference.Tokens;
        float[][] tokens = await Task.WhenAll(
            Enumerable.Range(1, text.Length).Select(length => _model.EmbedAsync(text.AsMemory(0, length), Raw)));
        float[] mean = await _model.EmbedAsync(text, Raw with { Pooling = EmbeddingPooling.Mean });
        float[] first = await _model.EmbedAsync(text, Raw with { Pooling = EmbeddingPooling.Cls });
        Close(mean, [.. Enumerable.Range(0, mean.Length).Select(i => tokens.Average(token => (double)token[i]))]);
        Close(first, Doubles(tokens[0]));
        Assert.That(Comparison.Measure(mean, Doubles(tokens[^1])).Nmse, Is.GreaterThan(0.1), "pooling makes a difference");
    }

    [Test]
    public async Task Its_length_is_one_also_when_it_is_cut()
    {
        float[] whole = await _model.EmbedAsync(_reference.Tokens, Raw);
        float[] normal = await _model.EmbedAsync(_reference.Tokens);
        float[] cut = await _model.EmbedAsync(_reference.Tokens, new EmbeddingOptions { Dimensions = 8 });
        Close(normal, Normal(whole));
        Close(cut, Normal(whole[..8]));
    }

    [Test]
    public async Task Texts_of_a_crowd_get_what_each_gets_alone([Values] EmbeddingPooling pooling)
    {
        EmbeddingOptions options = Raw with { Pooling = pooling };
        var random = new Random(4);

        // Longer than a step's rows, shorter, and one of a page's length.
        int[][] texts = [.. new[] { 1, 2, 31, 32, 33, 64, 65, 100, 120 }.Select(
            length => Enumerable.Range(0, length).Select(_ => random.Next(3, 300)).ToArray())];
        texts = [.. texts, [.. texts[^1], 7], [.. texts[6], 9, 9]];
        float[][] together = await Task.WhenAll(texts.Select(text => _model.EmbedAsync(text, options)));
        using Model other = Model.Load(_reference.Path, TestModels.Options());
        for (int i = texts.Length - 1; i >= 0; i--)
        {
            Close(together[i], Doubles(await other.EmbedAsync(texts[i], options)), $"{texts[i].Length} tokens");
        }
    }

    [Test]
    public void What_cannot_be_made_is_refused()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Multiple(() =>
        {
            Assert.That(() => _model.EmbedAsync(Array.Empty<int>()), Throws.ArgumentException);
            Assert.That(() => _model.EmbedAsync(new[] { 300 }), Throws.ArgumentException);
            Assert.That(() => _model.EmbedAsync(new int[129]), Throws.InstanceOf<ContextLengthExceededException>());
            Assert.That(
                () => _model.EmbedAsync(_reference.Tokens, new EmbeddingOptions { Dimensions = 29 }),
                Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("28"));
            Assert.That(
                () => _model.EmbedAsync(_reference.Tokens, cancellationToken: cancelled.Token),
                Throws.InstanceOf<OperationCanceledException>());
        });
    }

    [Test]
    public async Task A_model_that_ends_ends_what_runs()
    {
        Model model = Model.Load(_reference.Path, TestModels.Options());
        Task<float[]>[] running = [.. Enumerable.Range(0, 50).Select(i => model.EmbedAsync(new[] { 3 + i, 4, 5 }))];
        await model.DisposeAsync();
        foreach (Task<float[]> one in running)
        {
            try
            {
                await one;
            }
            catch (ObjectDisposedException)
            {
            }
        }

        Assert.That(() => model.EmbedAsync(_reference.Tokens), Throws.InstanceOf<ObjectDisposedException>());
    }

    // The same states, computed in steps of other sizes: what logits of float32 may differ by.
    private static void Close(float[] actual, double[] expected, string what = "embedding") =>
        Comparison.AssertClose(actual, expected, Bounds.LogitsF32, what);

    private static double[] Doubles(float[] values) => [.. values.Select(value => (double)value)];

    private static double[] Normal(float[] values)
    {
        double length = Math.Sqrt(values.Sum(value => (double)value * value));
        return [.. values.Select(value => value / length)];
    }

    private float[] Logits(float[] hidden) =>
    [
        .. Enumerable.Range(0, _model.Config.VocabSize).Select(
            id => (float)hidden.Select((value, i) => (double)value * _head[(id * hidden.Length) + i]).Sum()),
    ];
}

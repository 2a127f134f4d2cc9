using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>The model's embeddings behind the interface of Microsoft.Extensions.AI.</summary>
public sealed class EmbeddingTests
{
    [Test]
    public async Task Each_text_gets_the_embedding_that_it_gets_alone_in_its_order()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = MiniModel.Model.AsIEmbeddingGenerator();
        string[] texts = [.. Enumerable.Range(0, 40).Select(n => $"{n} foxes and {2 * n} owls live in the forest.")];
        GeneratedEmbeddings<Embedding<float>> together = await generator.GenerateAsync(texts);
        Assert.That(together, Has.Count.EqualTo(40));
        Assert.That(
            together.Usage!.InputTokenCount, Is.EqualTo(texts.Sum(text => (long)MiniModel.Model.Tokenizer.Encode(text).Length)));
        foreach (int index in new[] { 0, 7, 39 })
        {
            float[] alone = (await generator.GenerateVectorAsync(texts[index])).ToArray();
            double[] cosines = [.. together.Select(other => Product(other.Vector.Span, alone))];
            Assert.That(cosines[index], Is.GreaterThan(0.9999).And.EqualTo(cosines.Max()));
        }
    }

    [Test]
    public async Task Dimensions_keep_the_beginning_and_length_one()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = MiniModel.Model.AsIEmbeddingGenerator();
        float[] cut = (await generator.GenerateVectorAsync("A fox.", new() { Dimensions = 16 })).ToArray();
        Assert.That(cut, Has.Length.EqualTo(16));
        Assert.That(Product(cut, cut), Is.EqualTo(1).Within(1e-6));
        var mean = new EmbeddingGenerationOptions
        {
            RawRepresentationFactory = _ => new EmbeddingOptions { Pooling = EmbeddingPooling.Mean, Dimensions = 8 },
            Dimensions = 16,
        };
        Assert.That(Product((await generator.GenerateVectorAsync("A fox.", mean)).ToArray(), cut), Is.LessThan(0.999));
    }

    [Test]
    public void What_is_not_supported_is_refused()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = MiniModel.Model.AsIEmbeddingGenerator();
        Assert.Multiple(() =>
        {
            Assert.That(() => generator.GenerateAsync(["a"], new() { ModelId = "other" }), Throws.InstanceOf<NotSupportedException>());
            Assert.That(
                () => generator.GenerateAsync(["a"], new() { AdditionalProperties = new() { ["x"] = 1 } }),
                Throws.InstanceOf<NotSupportedException>());
            Assert.That(() => generator.GenerateAsync(["a"], new() { Dimensions = 1 << 20 }), Throws.InstanceOf<ArgumentException>());
            Assert.That(() => generator.GenerateAsync([null!]), Throws.ArgumentException);
            Assert.That(
                () => generator.GenerateAsync(["a"], null, new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        });
    }

    [Test]
    public async Task Loads_its_own_model_and_ends_with_it()
    {
        var generator = new VkInferEmbeddingGenerator(MiniModel.Options());
        Assert.That(generator.GetService(typeof(Model)), Is.Null);
        await generator.GenerateAsync(["A fox."]);
        var metadata = (EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.That(metadata.ProviderName, Is.EqualTo("vkinfer"));
        var model = (Model)generator.GetService(typeof(Model))!;
        await generator.DisposeAsync();
        Assert.That(() => generator.GenerateAsync(["A fox."]), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => model.CreateSession(), Throws.InstanceOf<ObjectDisposedException>());
    }

    private static double Product(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }
}

using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tests.Families;

namespace VkInfer.Tests.Engine.Speculation;

/// <summary>A model that is loaded with a smaller one, which guesses.</summary>
public sealed class DraftModelTests
{
    private const int Tokens = 120;

    private static ModelOptions Options => new() { Device = TestModels.Device, Validation = TestModels.Validation, Reproducible = true };

    [Test]
    public async Task A_draft_changes_no_token_and_is_left_alone_where_it_guesses_wrongly([Values] bool isRandom)
    {
        using var folder = new TemporaryFolder();
        string draft = isRandom ? WriteRandom(Path.Combine(folder.FullName, "random.gguf")) : Model.DefaultModelPath;
        using Model plain = Model.LoadDefault(Options);
        using Model drafted = Model.LoadDefault(Options with { Draft = draft });
        foreach (float temperature in new[] { 0f, 0.8f })
        {
            (int[] expected, Usage before) = await Answer(plain, temperature);
            (int[] actual, Usage after) = await Answer(drafted, temperature);
            Assert.That(actual, Is.EqualTo(expected), $"temperature {temperature}");
            Assert.That(before.DraftedTokens, Is.Zero);
            Assert.That(after.AcceptedTokens, Is.LessThanOrEqualTo(after.DraftedTokens));
            if (isRandom)
            {
                Assert.That(after.DraftedTokens, Is.LessThan(Tokens / 3), $"temperature {temperature}");
            }
        }

        Assert.That(drafted.ValidationMessages, Is.Empty);
    }

    [Test]
    public async Task Answers_may_be_left_and_the_model_disposed_at_any_moment()
    {
        var random = new Random(1);
        Model model = Model.LoadDefault(Options with { Draft = Model.DefaultModelPath });
        Task[] answers = [.. Enumerable.Range(0, 12).Select(async i =>
        {
            using var cancellation = new CancellationTokenSource(50 + random.Next(1500));
            try
            {
                await Answer(model, 0.5f, cancellation.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
            }
        })];
        await Task.Delay(1000);
        await model.DisposeAsync();
        await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(120));
    }

    [Test]
    public void A_model_of_another_vocabulary_is_refused() => Assert.That(
        () => Model.LoadDefault(Options with { Draft = TestModels.Stories }),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("draft model"));

    [Test]
    public void A_recurrent_model_is_refused() => Assert.That(
        () => Model.LoadDefault(Options with { Draft = LogitsReference.OfFixture("qwen3.5").Path }),
        Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("recurrent"));

    private static async Task<(int[] Tokens, Usage Usage)> Answer(Model model, float temperature, CancellationToken cancellation = default)
    {
        int[] prompt = model.Tokenizer.Encode("Once upon a time there was a little fox who", addSpecial: true);
        var options = new GenerationOptions
        {
            MaxTokens = Tokens,
            IgnoreEndOfText = true,
            Sampling = new SamplingOptions { Temperature = temperature, Seed = 5 },
        };
        var tokens = new List<int>();
        Usage? usage = null;
        await foreach (GenerationUpdate update in model.GenerateAsync(prompt, options, cancellation))
        {
            tokens.AddRange(update.TokenIds);
            usage = update.Usage ?? usage;
        }

        return ([.. tokens], usage!);
    }

    /// <summary>The embedded model with noise in place of weights: it guesses hardly anything right.</summary>
    private static string WriteRandom(string path)
    {
        byte[] file = File.ReadAllBytes(Model.DefaultModelPath);
        using ModelSource source = ModelSource.Open(Model.DefaultModelPath, null);
        var random = new Random(1);
        foreach (GgufTensor tensor in source.Weights.Tensors.Where(each => each.Type == GgufTensorType.Q8_0 && each.Name.StartsWith("blk")))
        {
            int at = file.AsSpan().IndexOf(source.Weights.GetTensorData(tensor, 0, 256));
            Assert.That(at, Is.Positive);

            // Of each block the 32 bytes behind its scale.
            for (int block = at; block < at + tensor.ByteSize; block += 34)
            {
                random.NextBytes(file.AsSpan(block + 2, 32));
            }
        }

        File.WriteAllBytes(path, file);
        return path;
    }
}

using VkInfer.Grammar;

namespace VkInfer.Tests.Hostile;

/// <summary>Models whose logits are not finite, and options that leave no token: errors that say where or which.</summary>
public sealed class InvalidLogitsTests
{
    private static readonly SamplingOptions Drawn =
        new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 1 };

    private static IEnumerable<SamplingOptions> Samplings() =>
    [
        SamplingOptions.Greedy, Drawn, new() { Seed = 2 }, Drawn with { TypicalP = 0.5f },
        Drawn with { RepetitionPenalty = 1.2f, LogProbabilities = 2 },
        SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [5] = float.NegativeInfinity } },
    ];

    [TestCase("token_embd.weight", float.NaN, "the embedding")]
    [TestCase("blk.0.attn_v.weight", float.NaN, "layer 0")]
    [TestCase("blk.0.ffn_down.weight", float.PositiveInfinity, "layer 0")]
    [TestCase("blk.0.ffn_norm.weight", 3e38f, "layer 0")]
    [TestCase("output_norm.weight", float.NaN, "the output layer")]
    [TestCase("output.weight", float.NegativeInfinity, "the output layer")]
    public async Task Every_way_of_choosing_names_the_first_output_that_is_not_finite(string tensor, float value, string layer)
    {
        using Model model = await Load(tensor, value);
        using Session session = model.CreateSession();
        foreach (SamplingOptions sampling in Samplings())
        {
            // A prompt of several tokens, a single one, and a step after it.
            session.Reset();
            session.Append([1, 40, 50]);
            InvalidLogitsException thrown = Assert.Throws<InvalidLogitsException>(() => session.NextToken(sampling))!;
            Assert.That((thrown.Layer, thrown.Position, thrown.Option), Is.EqualTo((layer, 2, (string?)null)));
            Assert.That(thrown.Message, Does.Contain("position 2").And.Contain($"that of {layer}."));
            Assert.That(session.Position, Is.EqualTo(3));

            // Nothing has moved on: the same again, from a step of its own.
            Assert.That(() => session.NextToken(sampling), Throws.TypeOf<InvalidLogitsException>());
            var options = new GenerationOptions { Sampling = sampling, MaxTokens = 5 };
            session.Reset();
            Assert.That(async () => await Read(session, options), Throws.TypeOf<InvalidLogitsException>());
            Assert.That(
                async () => await Read(session, options with { Grammar = Gbnf.Compile("root ::= [a-b]+") }),
                Throws.TypeOf<InvalidLogitsException>());
        }
    }

    [Test]
    public async Task A_batch_throws_and_no_session_moves_on()
    {
        using Model model = await Load("blk.0.attn_v.weight", float.NaN);
        using Session first = model.CreateSession();
        using Session second = model.CreateSession();
        using SessionBatch batch = model.CreateBatch([first, second]);
        first.Append([1, 40]);
        second.Append([1, 40, 50]);
        int[] tokens = new int[2];
        for (int i = 0; i < 2; i++)
        {
            Assert.That(
                () => batch.NextTokens(tokens, SamplingOptions.Greedy),
                Throws.TypeOf<InvalidLogitsException>().With.Property(nameof(InvalidLogitsException.Layer)).EqualTo("layer 0"));
            Assert.That((first.Position, second.Position), Is.EqualTo((2, 3)));
        }
    }

    [Test]
    public async Task A_bias_that_excludes_every_token_is_named_and_the_session_goes_on()
    {
        using Model model = await Load(null, 0);
        using Session session = model.CreateSession();
        session.Append([1, 40, 50]);
        int likeliest = session.NextToken(SamplingOptions.Greedy);
        session.Truncate(3);
        var all = Enumerable.Range(0, TinyLlama.VocabSize).ToDictionary(id => id, _ => float.NegativeInfinity);
        foreach (SamplingOptions sampling in Samplings().Select(sampling => sampling with { LogitBias = all }))
        {
            InvalidLogitsException thrown = Assert.Throws<InvalidLogitsException>(() => session.NextToken(sampling))!;
            Assert.That((thrown.Layer, thrown.Option), Is.EqualTo(((string?)null, nameof(SamplingOptions.LogitBias))));
            Assert.That(thrown.Message, Does.Contain("LogitBias excludes every token."));
            Assert.That(session.NextToken(SamplingOptions.Greedy), Is.EqualTo(likeliest));
            session.Truncate(3);
        }

        // All that a grammar allows, but not all that there is.
        var letters = Enumerable.Range(0, TinyLlama.VocabSize).Where(id => id != 100).ToDictionary(id => id, _ => float.NegativeInfinity);
        var options = new GenerationOptions
        {
            Sampling = SamplingOptions.Greedy with { LogitBias = letters },
            Grammar = Gbnf.Compile("root ::= \"b\"+"),
            MaxTokens = 3,
        };
        Assert.That(
            async () => await Read(session, options),
            Throws.TypeOf<InvalidLogitsException>().With.Message.Contains("LogitBias excludes every token that the grammar allows."));
    }

    [Test]
    public async Task In_a_batch_no_session_moves_on_where_one_has_no_token()
    {
        using Model model = await Load(null, 0);
        using Session first = model.CreateSession();
        using Session second = model.CreateSession();
        using SessionBatch batch = model.CreateBatch([first, second]);
        first.Append([1, 40]);
        second.Append([1, 40, 50]);
        int[] tokens = new int[2];
        SamplingOptions none = Drawn with
        {
            LogitBias = Enumerable.Range(0, TinyLlama.VocabSize).ToDictionary(id => id, _ => float.NegativeInfinity),
        };
        Assert.That(() => batch.NextTokens(tokens, none), Throws.TypeOf<InvalidLogitsException>());
        Assert.That((first.Position, second.Position), Is.EqualTo((2, 3)));
        batch.NextTokens(tokens, SamplingOptions.Greedy);
        Assert.That((first.Position, second.Position), Is.EqualTo((3, 4)));
    }

    private static async Task<string> Read(Session session, GenerationOptions options)
    {
        string text = "";
        await foreach (GenerationUpdate update in session.GenerateAsync("ab", options))
        {
            text += update.Text;
        }

        return text;
    }

    private static async Task<Model> Load(string? tensor, float value)
    {
        var model = new TinyLlama();
        model.Set("output.weight", 32, TinyLlama.VocabSize);
        if (tensor is not null)
        {
            (_, ulong[] dimensions, byte[] data) = model.Tensors[tensor];
            float[] values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray();
            for (int i = 0; i < values.Length; i += 5)
            {
                values[i] = value;
            }

            model.SetValues(tensor, values, dimensions);
        }

        using var file = new TemporaryFile(model.ToArray());
        return await Model.LoadAsync(file.Path, TestModels.Options());
    }
}

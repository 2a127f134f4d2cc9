using System.Text.Json;
using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;
using VkInfer.Kernels;
using VkInfer.Tests.Embedded;

namespace VkInfer.Tests.Engine.Speculation;

/// <summary>Guesses that are verified change the number of steps, and nothing else.</summary>
public sealed class SpeculationTests : EmbeddedFixture
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":12},
        "age":{"type":"integer","minimum":0,"maximum":120},"friend":{"type":"boolean"},"animal":{"enum":["fox","bear","rabbit","mouse"]}},
        "required":["name","age","friend","animal"],"additionalProperties":false}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private SessionEngine _engine = null!;
    private SessionEngine _draft = null!;

    [OneTimeSetUp]
    public void Create()
    {
        _engine = SessionEngine.Create(Model, Model.Options.KvType, Model.Softmax, LinearChoice.Auto);
        _draft = SessionEngine.Create(Model, Model.Options.KvType, Model.Softmax, LinearChoice.Auto);
    }

    [OneTimeTearDown]
    public void End()
    {
        _engine.Engine.Dispose();
        _draft.Engine.Dispose();
    }

    [Test]
    public async Task A_model_that_guesses_for_itself_guesses_right([Values(0f, 0.8f)] float temperature)
    {
        int[][] prompts = [.. Enumerable.Range(0, 4).Select(i => Prompt(i, 12 + (9 * i)))];
        SamplingOptions sampling = new() { Temperature = temperature, TopP = 1, Seed = 3 };
        TokenList[] plain = [.. prompts.Select(prompt => Ask(prompt, 40, sampling, guesses: false))];
        await Task.WhenAll(plain.Select(list => list.End)).WaitAsync(Patience);
        TokenList[] guessed = [.. prompts.Select(prompt => Ask(prompt, 40, sampling, guesses: true, drafts: true))];
        await Task.WhenAll(guessed.Select(list => list.End)).WaitAsync(Patience);
        for (int i = 0; i < prompts.Length && temperature == 0; i++)
        {
            AssertSame(guessed[i].Tokens, plain[i].Tokens, prompts[i], $"sequence {i}");
        }

        (int drafted, int accepted) = (guessed.Sum(list => list.Drafted), guessed.Sum(list => list.Accepted));
        Assert.That(accepted, Is.GreaterThan(0.9 * drafted).And.Positive);
        Assert.That(PerStep(guessed), Is.GreaterThan(3));

        // What ended gives its pages back on both sides.
        int held = await _draft.Engine.InvokeAsync((_, pool) => pool.Held);
        Assert.That(held, Is.Zero);
    }

    [Test]
    public async Task Greedy_tokens_are_the_plain_ones([Values(1, 3, 20)] int sequences)
    {
        int[][] prompts = await Repeating(sequences);
        TokenList[] plain = [.. prompts.Select(prompt => Ask(prompt, 60, SamplingOptions.Greedy, guesses: false))];
        await Task.WhenAll(plain.Select(list => list.End)).WaitAsync(Patience);
        TokenList[] guessed = [.. prompts.Select(prompt => Ask(prompt, 60, SamplingOptions.Greedy, guesses: true))];
        await Task.WhenAll(guessed.Select(list => list.End)).WaitAsync(Patience);
        for (int i = 0; i < sequences; i++)
        {
            AssertSame(guessed[i].Tokens, plain[i].Tokens, prompts[i], $"sequence {i}");
        }

        Assert.That(guessed.Sum(list => list.Accepted), Is.Positive);
    }

    [Test]
    public async Task Every_token_has_its_log_probabilities()
    {
        SamplingOptions sampling = SamplingOptions.Greedy with { LogProbabilities = 2 };
        var options = new GenerationOptions { Sampling = sampling, MaxTokens = 60, IgnoreEndOfText = true };
        int[] prompt = (await Repeating(1))[0];
        GenerationUpdate[] plain = await Generate(prompt, options);
        GenerationUpdate[] guessed = await Generate(prompt, options, guesses: true);
        Assert.That(guessed[^1].Usage!.AcceptedTokens, Is.Positive);
        foreach ((GenerationUpdate expected, GenerationUpdate actual) in plain.Zip(guessed).TakeWhile(
            pair => pair.First.TokenIds[0] == pair.Second.TokenIds[0]))
        {
            TokenLogProbability chosen = actual.LogProbabilities[0].Chosen;
            Assert.That(chosen.TokenId, Is.EqualTo(actual.TokenIds[0]));
            Assert.That(chosen.LogProbability, Is.EqualTo(expected.LogProbabilities[0].Chosen.LogProbability).Within(2e-2));
        }
    }

    /// <summary>Two samples of each, of other seeds: guesses are as far from plain choices as these are from each other.</summary>
    [Test]
    public async Task Sampled_tokens_have_the_plain_distribution([Values] bool drafts)
    {
        const int Answers = 160;
        const int Tokens = 6;
        int[] prompt = (await Repeating(1))[0];
        SamplingOptions sampling = new() { Temperature = 0.7f, TopK = 8, TopP = 1, MinP = 0 };
        TokenList[] Run(int seed, bool guesses) => [.. Enumerable.Range(seed, Answers).Select(
            i => Ask(prompt, Tokens, sampling with { Seed = (ulong)i }, guesses, drafts: drafts && guesses))];
        TokenList[] plain = Run(0, guesses: false);
        await Task.WhenAll(plain.Select(list => list.End)).WaitAsync(Patience);
        TokenList[] same = Run(0, guesses: true);
        TokenList[] other = Run(10_000, guesses: true);
        await Task.WhenAll(same.Concat(other).Select(list => list.End)).WaitAsync(Patience);
        Assert.That(same.Sum(list => list.Accepted), Is.GreaterThan(Answers / 16), "guesses that held");
        Assert.That(
            same.Sum(list => list.Drafted - list.Accepted), drafts ? Is.Not.Negative : Is.GreaterThan(Answers / 16), "guesses that did not");

        // The same seed draws the same numbers at the same places.
        int equal = same.Zip(plain).Count(pair => pair.First.Tokens.SequenceEqual(pair.Second.Tokens));
        Assert.That(equal, Is.GreaterThan(Answers * 95 / 100));
        for (int at = 0; at < Tokens; at++)
        {
            double distance = ChiSquare(plain.Select(list => list.Tokens[at]), other.Select(list => list.Tokens[at]), out int freedom);
            Assert.That(distance, Is.LessThan(Critical(freedom)), $"token {at}, {freedom} degrees of freedom");
        }
    }

    /// <summary>Acceptance of the engine: at least 1.6 tokens a step.</summary>
    [Test]
    public async Task A_schema_takes_fewer_steps_than_tokens_and_is_kept()
    {
        CompiledGrammar grammar = JsonSchema.Compile(Person);
        TokenList[] lists = [.. Enumerable.Range(0, 50).Select(i => Ask(
            Prompt(i, 10 + i), 100, i % 2 == 0 ? SamplingOptions.Greedy : Drawn with { Seed = (ulong)i }, guesses: true, grammar))];
        await Task.WhenAll(lists.Select(list => list.End)).WaitAsync(Patience);
        foreach (TokenList list in lists)
        {
            string text = Model.Tokenizer.Decode(list.Tokens);
            Assert.That(grammar.IsPrefix(text), Is.True, text);
            if (grammar.IsMatch(text))
            {
                JsonDocument.Parse(text).Dispose();
            }
        }

        double perStep = PerStep(lists);
        TestContext.Out.WriteLine($"{perStep:F2} tokens a step, {lists.Average(list => list.Tokens.Length):F1} an answer");
        Assert.That(perStep, Is.GreaterThanOrEqualTo(1.6));
    }

    [Test]
    public async Task Look_up_takes_fewer_steps_where_a_text_repeats()
    {
        async Task<double> PerStepOf(int[][] prompts)
        {
            TokenList[] lists = [.. prompts.Index().Select(prompt => Ask(
                prompt.Item, 60, new SamplingOptions { Temperature = 0.7f, Seed = (ulong)prompt.Index }, guesses: true))];
            await Task.WhenAll(lists.Select(list => list.End)).WaitAsync(Patience);
            return PerStep(lists);
        }

        double stories = await PerStepOf([.. Enumerable.Range(0, 16).Select(i => Prompt(i, 10))]);
        double repeated = await PerStepOf(await Repeating(16));
        TestContext.Out.WriteLine($"{stories:F2} tokens a step on stories, {repeated:F2} behind a text that begins again");
        Assert.That(repeated, Is.GreaterThan(stories));
        Assert.That(stories, Is.GreaterThanOrEqualTo(1));
    }

    [Test]
    public async Task A_masked_answer_is_the_plain_one([Values(0, 1, 2, 3)] int index, [Values] bool drafts)
    {
        CompiledGrammar grammar = JsonSchema.Compile(Person);
        SamplingOptions sampling = index % 2 == 0 ? SamplingOptions.Greedy : Drawn with { Seed = (ulong)index };
        TokenList plain = Ask(Prompt(index, 30), 80, sampling, guesses: false, grammar);
        await plain.End.WaitAsync(Patience);
        TokenList guessed = Ask(Prompt(index, 30), 80, sampling, guesses: true, grammar, drafts);
        await guessed.End.WaitAsync(Patience);
        Assert.That(guessed.Tokens, Is.EqualTo(plain.Tokens));
        Assert.That(guessed.Accepted, Is.Positive);
    }

    /// <summary>Texts that begin again behind what the model made of them: it goes on much the same.</summary>
    private async Task<int[][]> Repeating(int count)
    {
        int[][] prompts = [.. Enumerable.Range(0, count).Select(i => Prompt(i, 12 + i))];
        TokenList[] lists = [.. prompts.Select(prompt => Ask(prompt, 60, SamplingOptions.Greedy, guesses: false))];
        await Task.WhenAll(lists.Select(list => list.End)).WaitAsync(Patience);
        return [.. prompts.Zip(lists, (prompt, list) => (int[])[.. prompt, .. list.Tokens, .. prompt])];
    }

    private static double PerStep(TokenList[] lists) =>
        (double)lists.Sum(list => list.Tokens.Length) / lists.Sum(list => list.Tokens.Length - list.Accepted);

    /// <summary>Of two samples; tokens that are rare in both count together.</summary>
    private static double ChiSquare(IEnumerable<int> first, IEnumerable<int> second, out int freedom)
    {
        const int Rare = 10;
        Dictionary<int, int> a = first.CountBy(token => token).ToDictionary();
        Dictionary<int, int> b = second.CountBy(token => token).ToDictionary();
        (int A, int B)[] pairs = [.. a.Keys.Union(b.Keys)
            .Select(token => (Key: token, A: a.GetValueOrDefault(token), B: b.GetValueOrDefault(token)))
            .GroupBy(entry => entry.A + entry.B < Rare ? -1 : entry.Key, (_, entries) => (entries.Sum(e => e.A), entries.Sum(e => e.B)))];
        freedom = pairs.Length - 1;
        return pairs.Sum(pair => (double)(pair.A - pair.B) * (pair.A - pair.B) / (pair.A + pair.B));
    }

    /// <summary>What chi-square exceeds once in 10 000 times (Wilson and Hilferty 1931).</summary>
    private static double Critical(int freedom)
    {
        const double Quantile = 3.719;
        if (freedom == 0)
        {
            return double.Epsilon;
        }

        double spread = 2.0 / (9 * freedom);
        return freedom * Math.Pow(1 - spread + (Quantile * Math.Sqrt(spread)), 3);
    }

    private TokenList Ask(
        int[] prompt, int tokens, SamplingOptions sampling, bool guesses, CompiledGrammar? grammar = null, bool drafts = false)
    {
        GrammarMatcher? matcher = grammar is null ? null : Model.CreateMatcher(grammar, allowEnd: true);
        var list = new TokenList { Grammar = matcher };
        _engine.Engine.Start(new EngineRequest(new Sequence(), list)
        {
            Prompt = prompt,
            MaxTokens = tokens,
            ContextLength = Model.ContextLength,
            Selection = new TokenSelection(new SamplingParameters(sampling), sampling.Seed ?? 0, 0, matcher is null ? null : NewMask()),
            Grammar = matcher,
            Speculator = guesses ? new Speculator { IsEager = true } : null,
            Drafter = drafts
                ? new Drafter(_draft.Engine, Model.ContextLength, Model.Config.VocabSize, sequence => _ = _draft.FreeAsync(sequence))
                : null,
        });
        return list;
    }

    private uint[] NewMask() => new uint[AdjustLogitsKernel.MaskBytes(Model.Config.VocabSize) / sizeof(uint)];

    private async Task<GenerationUpdate[]> Generate(int[] prompt, GenerationOptions options, bool guesses = false)
    {
        var queue = new AnswerQueue(
            new Answer(Model.Tokenizer, options, null, prompt.Length), 256, options.Overflow ?? ContextOverflow.Stop,
            () => new InvalidOperationException());
        var request = new EngineRequest(new Sequence(), queue)
        {
            Prompt = prompt,
            MaxTokens = options.MaxTokens,
            ContextLength = Model.ContextLength,
            Selection = new TokenSelection(new SamplingParameters(options.Sampling), 0, 0, null),
            Speculator = guesses ? new Speculator { IsEager = true } : null,
        };
        using var stream = new AnswerStream(_engine.Engine, request, queue);
        var updates = new List<GenerationUpdate>();
        while (await stream.NextAsync() is { } update)
        {
            updates.Add(update);
        }

        return [.. updates];
    }

    /// <summary>Greedy tokens are the same, but for a choice between two whose logits are hardly apart.</summary>
    private void AssertSame(int[] actual, int[] expected, int[] prompt, string what)
    {
        int same = actual.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
        if (same == expected.Length)
        {
            return;
        }

        using Session session = Model.CreateSession(new SessionOptions { Capacity = 256 });
        session.Append([.. prompt, .. expected[..same]]);
        float[] logits = new float[Model.Config.VocabSize];
        session.ReadLogits(logits);
        Assert.That(logits[actual[same]], Is.EqualTo(logits[expected[same]]).Within(1e-2), $"{what} at token {same}");
    }
}

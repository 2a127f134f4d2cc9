using VkInfer.Engine;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;
using VkInfer.Tests.Engine;

namespace VkInfer.Tests.Reproducible;

/// <summary>A reproducible model's answers are the same bits, whatever company they have.</summary>
public sealed class ReproducibleAnswerTests
{
    private const int Crowd = 64;

    private static readonly CompiledGrammar Letters = Gbnf.Compile("root ::= [a-z]{3,9} (\" \" [a-z]{2,8}){2,6} \".\"");

    private static ModelOptions Options => new() { Device = TestModels.Device, Validation = TestModels.Validation, Reproducible = true };

    /// <summary>Each joins at a moment of its own, and some leave before their end.</summary>
    [Test]
    public async Task Each_of_64_answers_is_that_of_its_run_alone()
    {
        using Model model = Model.LoadDefault(Options);
        string[][] alone = new string[Crowd][];
        for (int i = 0; i < Crowd; i++)
        {
            alone[i] = await Answer(model, i, int.MaxValue);
        }

        var random = new Random(1);
        Task<string[]>[] together = [.. Enumerable.Range(0, Crowd).Select(async i =>
        {
            (int moment, int leaves) = (random.Next(400), i % 7 == 3 ? 1 + random.Next(8) : int.MaxValue);
            await Task.Delay(moment);
            return await Answer(model, i, leaves);
        })];
        string[][] answers = await Task.WhenAll(together);
        for (int i = 0; i < Crowd; i++)
        {
            Assert.That(answers[i], Is.EqualTo(alone[i].Take(answers[i].Length)), $"answer {i}");
            Assert.That(answers[i], Has.Length.EqualTo(alone[i].Length).Or.Length.LessThan(9), $"answer {i}");
        }

        Assert.That(alone.Select(tokens => string.Join('\n', tokens)).Distinct().Count(), Is.EqualTo(Crowd), "they say different things");
        Assert.That(model.ValidationMessages, Is.Empty);
    }

    [Test]
    public async Task Preempted_answers_are_those_of_their_runs_alone()
    {
        // A request takes up to three pages: two that overlap are too many.
        ModelOptions options = Options with { ContextLength = 96, MaxKvPages = 4 };
        using Model model = Model.LoadDefault(options);
        EngineCounts counts = model.EngineFor(options.KvType, null, options.Linear).Counts;
        string[][] alone = new string[12][];
        for (int i = 0; i < alone.Length; i++)
        {
            alone[i] = await Answer(model, i, int.MaxValue, tokens: 40);
        }

        long before = counts.Preemptions;
        string[][] together = await Task.WhenAll(alone.Select((_, i) => Answer(model, i, int.MaxValue, tokens: 40)));
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(counts.Preemptions - before, Is.Positive);
    }

    [Test]
    public void Logits_are_the_same_however_their_tokens_came([Values] bool prefixCaching)
    {
        using Model model = Model.LoadDefault(Options with { PrefixCaching = prefixCaching });
        using Session first = model.CreateSession();
        first.Append(Text(model, 0, 40));
        int[] answer = [.. Enumerable.Range(0, 60).Select(_ => first.NextToken(SamplingOptions.Greedy))];
        int[] end = Text(model, 9, 1);
        first.Append(end);
        int[] all = [.. Text(model, 0, 40), .. answer, .. end];
        float[] expected = Logits(first);

        // In one piece, or what is known of it as a prefix; in pieces; and from a fork and back from a longer text.
        using Session whole = model.CreateSession();
        whole.Append(all);
        Assert.That(Logits(whole), Is.EqualTo(expected), "in one piece");
        using Session pieces = model.CreateSession();
        for (int at = 0, count = 1; at < all.Length; at += count, count = (count * 3 % 29) + 1)
        {
            pieces.Append(all.AsSpan(at, Math.Min(count, all.Length - at)));
        }

        Assert.That(Logits(pieces), Is.EqualTo(expected), "in pieces");
        using Session fork = first.Fork();
        fork.Append(Text(model, 5, 20));
        fork.Truncate(37);
        fork.Append(all.AsSpan(37));
        Assert.That(Logits(fork), Is.EqualTo(expected), "a fork that went back");
    }

    [Test]
    public async Task Guesses_that_are_verified_change_no_token([Values(0f, 0.8f)] float temperature)
    {
        using Model model = Model.LoadDefault(Options);
        ModelEngine engine = model.EngineFor(model.Options.KvType, null, LinearChoice.Auto).Engine;
        TokenList Ask(int[] prompt, bool guesses)
        {
            var list = new TokenList();
            var sampling = new SamplingParameters(new SamplingOptions { Temperature = temperature, TopP = 1, TopK = 12 });
            engine.Start(new EngineRequest(new Sequence(), list)
            {
                Prompt = prompt,
                MaxTokens = 50,
                ContextLength = model.ContextLength,
                Selection = new TokenSelection(sampling, 3, 0, null),
                Speculator = guesses ? new Speculator { IsEager = true } : null,
            });
            return list;
        }

        int[] prompt = Text(model, 0, 20);
        TokenList first = Ask(prompt, guesses: false);
        await first.End;
        int[] repeated = [.. prompt, .. first.Tokens, .. prompt];
        TokenList plain = Ask(repeated, guesses: false);
        await plain.End;
        TokenList guessed = Ask(repeated, guesses: true);
        await guessed.End;
        Assert.That(guessed.Tokens, Is.EqualTo(plain.Tokens));
        Assert.That(guessed.Accepted, Is.Positive);
    }

    [Test]
    public void Other_linear_layers_are_refused()
    {
        ModelOptions flat = Options with { Linear = LinearChoice.Flat };
        Assert.That(() => Model.LoadDefault(flat), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("reproducible"));
        using Model model = Model.LoadDefault(Options);
        Assert.That(
            () => model.CreateSession(new SessionOptions { Linear = LinearChoice.Flat }),
            Throws.ArgumentException.With.Message.Contains("reproducible"));
    }

    private static float[] Logits(Session session)
    {
        float[] row = new float[session.Model.Config.VocabSize];
        session.ReadLogits(row);
        return row;
    }

    /// <summary>Tokens with the bits of their log-probabilities, of up to so many updates.</summary>
    private static async Task<string[]> Answer(Model model, int kind, int updates, int? tokens = null)
    {
        var options = new GenerationOptions
        {
            MaxTokens = tokens ?? 5 + (kind % 16),
            IgnoreEndOfText = kind % 3 != 0,
            Speculates = kind % 4 == 1,
            StopStrings = kind % 5 == 2 ? ["the", "."] : null,
            Grammar = kind % 8 == 6 ? Letters : null,
            Sampling = new SamplingOptions
            {
                Temperature = kind % 3 == 0 ? 0 : 0.5f + (0.1f * (kind % 9)),
                TopK = kind % 2 == 0 ? 0 : 20,
                TopP = kind % 6 == 4 ? 0.9f : 1,
                RepetitionPenalty = kind % 7 == 5 ? 1.2f : 1,
                Seed = (ulong)kind,
                LogProbabilities = 1,
            },
        };
        var answer = new List<string>();
        await foreach (GenerationUpdate update in model.GenerateAsync(Text(model, kind, 3 + (kind * 7 % 45)), options))
        {
            answer.AddRange(update.TokenIds.Zip(
                update.LogProbabilities, (id, each) => $"{id} {BitConverter.SingleToInt32Bits((float)each.Chosen.LogProbability):x8}"));
            if (answer.Count >= updates)
            {
                break;
            }
        }

        return [.. answer];
    }

    private static int[] Text(Model model, int index, int length)
    {
        int[] text = model.Tokenizer.Encode(
            "Once upon a time there was a little fox who lived in a big forest with a friend. One day they went to the sea to look for "
            + "shells, and the fox asked: what is that?", addSpecial: false);
        return [.. Enumerable.Range(0, length).Select(i => text[(i + index) % text.Length])];
    }
}

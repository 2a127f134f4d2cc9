using VkInfer.Engine;
using VkInfer.Engine.Sequences;
using VkInfer.Tests.Embedded;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Engine;

/// <summary>The engine on a device: whoever comes and goes, each sequence gets what it would get alone.</summary>
public sealed class ExecutorTests : EmbeddedFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private SessionEngine _engine = null!;

    [OneTimeSetUp]
    public void Create() =>
        _engine = SessionEngine.Create(Model, Model.Options.KvType, Model.Softmax, LinearChoice.Auto);

    [OneTimeTearDown]
    public void End() => _engine.Engine.Dispose();

    [Test]
    public async Task One_alone_gets_what_a_session_gets([Values(1, 2, 31, 32, 33, 90)] int prompt)
    {
        TokenList list = Ask(Prompt(prompt, prompt), 40, SamplingOptions.Greedy);
        await list.End.WaitAsync(Patience);
        Assert.That(list.Tokens, Is.EqualTo(Alone(Prompt(prompt, prompt), 40, SamplingOptions.Greedy)));
    }

    [Test]
    public async Task Many_get_what_they_get_alone([Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        (int[] Prompt, int Tokens, SamplingOptions Sampling, TokenList List)[] all =
        [
            .. Enumerable.Range(0, 64).Select(i =>
            {
                int[] prompt = Prompt(i, random.Next(1, 80));
                int tokens = random.Next(1, 40);
                SamplingOptions sampling = OptionsOf(i);
                return (prompt, tokens, sampling, Ask(prompt, tokens, sampling));
            }),
        ];
        await Task.WhenAll(all.Select(one => one.List.End)).WaitAsync(Patience);
        int drawnOtherwise = 0;
        Assert.Multiple(() =>
        {
            foreach ((int i, (int[] prompt, int tokens, SamplingOptions sampling, TokenList list)) in all.Index())
            {
                int[] expected = Alone(prompt, tokens, sampling);
                if (sampling.Temperature == 0)
                {
                    AssertSame(list.Tokens, expected, prompt, sampling, $"sequence {i}");
                }
                else
                {
                    drawnOtherwise += list.Tokens.SequenceEqual(expected) ? 0 : 1;
                }
            }
        });

        // A draw near the edge of a token falls to its neighbour when logits differ in their last bits; a wrong seed or state hits all.
        Assert.That(drawnOtherwise, Is.LessThanOrEqualTo(6));
    }

    /// <summary>Sessions with other options have an engine of their own, and it the same room for activations.</summary>
    [Test]
    public async Task Engines_of_one_model_leave_each_other_alone()
    {
        SessionEngine other = SessionEngine.Create(Model, Model.Options.KvType, Model.Softmax, LinearChoice.Auto);
        try
        {
            int[][] prompts = [.. Enumerable.Range(0, 24).Select(i => Prompt(i, 2 + i))];
            int[][] expected = [.. prompts.Select(prompt => Alone(prompt, 2, SamplingOptions.Greedy))];
            await Task.WhenAll(Enumerable.Range(0, 12).Select(chain => AskAll(chain % 2 == 0 ? _engine : other, chain)));
            async Task AskAll(SessionEngine engine, int chain)
            {
                for (int i = 0; i < 2 * prompts.Length; i++)
                {
                    int at = ((5 * chain) + i) % prompts.Length;
                    TokenList list = Ask(prompts[at], 2, SamplingOptions.Greedy, engine: engine);
                    await list.End.WaitAsync(Patience);
                    AssertSame(list.Tokens, expected[at], prompts[at], SamplingOptions.Greedy, $"prompt {at} of chain {chain}");
                }
            }
        }
        finally
        {
            other.Engine.Dispose();
        }
    }

    [Test]
    public async Task A_sequence_goes_on_where_it_stopped()
    {
        int[] prompt = Prompt(3, 50);
        var sequence = new Sequence();
        TokenList first = Ask(prompt, 10, SamplingOptions.Greedy, sequence, keepsPages: true);
        await first.End.WaitAsync(Patience);
        TokenList second = Ask([], 10, SamplingOptions.Greedy, sequence, keepsPages: true);
        await second.End.WaitAsync(Patience);
        Assert.That(first.Tokens.Concat(second.Tokens), Is.EqualTo(Alone(prompt, 20, SamplingOptions.Greedy)));
    }

    [Test]
    public async Task A_prompt_alone_leaves_logits_from_which_a_token_is_chosen_later()
    {
        int[] prompt = Prompt(5, 41);
        var sequence = new Sequence();
        var processed = new TokenList();
        _engine.Engine.Start(new EngineRequest(sequence, processed)
        {
            Prompt = prompt,
            ContextLength = Model.ContextLength,
            Selection = null,
            KeepsLogits = true,
            KeepsPages = true,
        });
        await processed.End.WaitAsync(Patience);
        Assert.That(processed.Tokens, Is.Empty);
        Assert.That(sequence.HasLogits, Is.True);
        TokenList answer = Ask([], 12, SamplingOptions.Greedy, sequence);
        await answer.End.WaitAsync(Patience);
        Assert.That(answer.Tokens, Is.EqualTo(Alone(prompt, 12, SamplingOptions.Greedy)));
    }

    [Test]
    public async Task A_step_that_cannot_be_recorded_leaves_everybody_else_right()
    {
        const int ErrorOutOfHostMemory = -1;
        int[][] prompts = [.. Enumerable.Range(0, 6).Select(i => Prompt(i, 20 + (9 * i)))];
        int[][] expected = [.. prompts.Select(prompt => Alone(prompt, 25, SamplingOptions.Greedy))];
        int failed = 0;
        for (int round = 0; round < 8; round++)
        {
            TokenList[] lists = [.. prompts.Select(prompt => Ask(prompt, 25, SamplingOptions.Greedy))];
            (Model.Gpu.Context.FaultResult, Model.Gpu.Context.FaultOperation) = (ErrorOutOfHostMemory, "vkBeginCommandBuffer");
            await Task.WhenAll(lists.Select(list => list.End.ContinueWith(_ => { }, TaskScheduler.Default))).WaitAsync(Patience);
            Model.Gpu.Context.FaultOperation = null;
            foreach ((int i, TokenList list) in lists.Index())
            {
                if (list.End.IsFaulted)
                {
                    Assert.That(list.End.Exception!.InnerException, Is.InstanceOf<VulkanException>());
                    failed++;
                }
                else
                {
                    AssertSame(list.Tokens, expected[i], prompts[i], SamplingOptions.Greedy, $"sequence {i}");
                }
            }
        }

        Assert.That(failed, Is.Positive);
    }

    private static SamplingOptions OptionsOf(int i) => (i % 5) switch
    {
        0 => SamplingOptions.Greedy,
        1 => Drawn with { Seed = (ulong)i },
        2 => Drawn with { Seed = 5, TopK = 5 + i, TopP = 0.9f, LogProbabilities = i % 4 },
        3 => SamplingOptions.Greedy with { RepetitionPenalty = 1.3f, PenaltyWindow = i % 2 == 0 ? 0 : 4 },
        _ => Drawn with { Seed = 3, LogitBias = new Dictionary<int, float> { [i] = 5, [i + 1] = float.NegativeInfinity } },
    };

    private TokenList Ask(
        int[] prompt, int tokens, SamplingOptions sampling, Sequence? sequence = null, bool keepsPages = false,
        SessionEngine? engine = null)
    {
        var list = new TokenList();
        (engine ?? _engine).Engine.Start(new EngineRequest(sequence ?? new Sequence(), list)
        {
            Prompt = prompt,
            MaxTokens = tokens,
            ContextLength = Model.ContextLength,
            Selection = new TokenSelection(new SamplingParameters(sampling), sampling.Seed ?? 0, 0, null),
            KeepsPages = keepsPages,
        });
        return list;
    }

    /// <summary>Greedy tokens are the same, but for a choice between two whose logits are hardly apart.</summary>
    private void AssertSame(int[] actual, int[] expected, int[] prompt, SamplingOptions sampling, string what)
    {
        int same = actual.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
        if (same == expected.Length)
        {
            Assert.That(actual, Is.EqualTo(expected), what);
            return;
        }

        Assert.That(new SamplingParameters(sampling).HasPenalties, Is.False, $"{what} differs at token {same}");
        using Session session = Model.CreateSession(new SessionOptions { Capacity = 256 });
        session.Append([.. prompt, .. expected[..same]]);
        float[] logits = new float[Model.Config.VocabSize];
        session.ReadLogits(logits);
        Assert.That(logits[actual[same]], Is.EqualTo(logits[expected[same]]).Within(1e-2), $"{what} at token {same}");
    }

    private int[] Alone(int[] prompt, int tokens, SamplingOptions sampling)
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = 256 });
        session.Append(prompt);
        return Take(session, tokens, sampling);
    }
}

using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;

namespace VkInfer.Tests.Engine;

/// <summary>An engine on a simulated device.</summary>
internal sealed class EngineFixture : IDisposable
{
    private readonly KvPool _pool;

    public EngineFixture(int pages = 256, SchedulerOptions? options = null, CacheGroup[]? groups = null, TimeProvider? clock = null)
    {
        groups ??= [new CacheGroup(0)];
        _pool = new KvPool(groups, pages);
        Executor = new SimulatedExecutor(groups, pages);
        Engine = new ModelEngine(options ?? new SchedulerOptions(), _pool, Executor, clock);
    }

    public ModelEngine Engine { get; }

    public SimulatedExecutor Executor { get; }

    public static TokenSelection Greedy => new(new SamplingParameters(SamplingOptions.Greedy), 0, 0, null);

    /// <summary>What a prompt comes to, alone.</summary>
    public static int[] Alone(int[] prompt, int tokens) => [.. SimulatedDevice.Alone(prompt, prompt.Length + tokens).Skip(prompt.Length)];

    /// <summary>Asks for tokens behind a prompt.</summary>
    public EngineRequest Ask(
        int[] prompt, int? tokens, ITokenReceiver receiver, Sequence? sequence = null, int contextLength = 4096, int priority = 0,
        TimeSpan? limit = null, bool keepsPages = false, CancellationToken cancellation = default)
    {
        var request = new EngineRequest(sequence ?? new Sequence(), receiver)
        {
            Prompt = prompt,
            MaxTokens = tokens,
            ContextLength = contextLength,
            Selection = Greedy,
            Priority = priority,
            TimeLimit = limit,
            Cancellation = cancellation,
            KeepsPages = keepsPages,
        };
        Engine.Start(request);
        return request;
    }

    /// <summary>Asks for an answer in text.</summary>
    public AnswerStream Answer(
        int[] prompt, GenerationOptions options, string? gbnf = null, int queueLimit = 16, bool guesses = false, bool isEager = true,
        CancellationToken cancellation = default)
    {
        GrammarMatcher? grammar = gbnf is null ? null : LetterTokenizer.Match(gbnf);
        var answer = new Answer(LetterTokenizer.Instance, options, grammar, prompt.Length);
        var queue = new AnswerQueue(
            answer, queueLimit, options.Overflow ?? ContextOverflow.Stop, () => new ContextLengthExceededException(1, 0, 4096));
        var request = new EngineRequest(new Sequence(), queue)
        {
            Prompt = prompt,
            MaxTokens = options.MaxTokens,
            ContextLength = 4096,
            Selection = Greedy with { Sampling = new(options.Sampling), Mask = grammar is null ? null : new uint[2] },
            Grammar = grammar,
            Speculator = guesses ? new Speculator { IsEager = isEager } : null,
            Cancellation = cancellation,
        };
        return new AnswerStream(Engine, request, queue);
    }

    public int HeldPages() => Engine.InvokeAsync((_, pool) => pool.Held).GetAwaiter().GetResult();

    public void Dispose() => Engine.Dispose();
}

using System.Globalization;

namespace VkInfer.Cli.Bench;

/// <summary>One measurement, in llama-bench's vocabulary.</summary>
/// <param name="Prompt">Tokens of prefill (pp); 0 in a test of decode.</param>
/// <param name="Generate">Tokens of decode (tg); 0 in a test of prefill.</param>
/// <param name="Depth">Tokens in the KV cache before.</param>
/// <param name="Batch">Sequences side by side.</param>
internal sealed record BenchTest(int Prompt, int Generate, int Depth, int Batch)
{
    /// <summary>E.g. <c>pp512</c>, <c>tg128 @ d1024</c>, <c>tg128 b4</c>.</summary>
    public string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Prompt > 0 ? $"pp{Prompt}" : $"tg{Generate}")}{(Batch > 1 ? $" b{Batch}" : "")}{(Depth > 0 ? $" @ d{Depth}" : "")}");

    /// <summary>Tokens that are in a sequence when the timed part begins.</summary>
    public int ContextTokens => Prompt > 0 ? Depth : Math.Max(1, Depth);

    /// <summary>Positions a sequence needs: decode takes one token before it is timed.</summary>
    public int Positions => ContextTokens + (Prompt > 0 ? Prompt : Generate + 1);

    /// <summary>Tokens processed in the timed part.</summary>
    public long Tokens => (long)(Prompt + Generate) * Batch;

    /// <summary>All combinations: for each depth, prefill and then decode.</summary>
    public static IReadOnlyList<BenchTest> Plan(int[] prompts, int[] generates, int[] depths, int[] batches) =>
    [
        .. from depth in depths
           from test in prompts.Where(p => p > 0).Select(p => new BenchTest(p, 0, depth, 1)).Concat(
               from n in generates
               where n > 0
               from batch in batches
               select new BenchTest(0, n, depth, batch))
           select test,
    ];
}

using System.Diagnostics;
using VkInfer.Vulkan;

namespace VkInfer.Cli.Bench;

/// <summary>One setting of the techniques of FlashDecoding++, beside all of them on.</summary>
/// <param name="Name">What is off.</param>
/// <param name="Softmax">The scheme.</param>
/// <param name="Linear">The products of linear layers.</param>
internal sealed record AblationVariant(string Name, SoftmaxChoice Softmax, LinearChoice Linear)
{
    /// <summary>All on, then each one off.</summary>
    public static IReadOnlyList<AblationVariant> All { get; } =
    [
        new("all on", SoftmaxChoice.Asynchronized, LinearChoice.Auto),
        new("synchronized softmax", SoftmaxChoice.Synchronized, LinearChoice.Auto),
        new("no flat products (tiled)", SoftmaxChoice.Asynchronized, LinearChoice.Tiled),
        new("no dataflow (flat for all)", SoftmaxChoice.Asynchronized, LinearChoice.Flat),
    ];
}

/// <summary>Tokens per second of one combination.</summary>
/// <param name="Context">Tokens in each cache before.</param>
/// <param name="Batch">Sequences; 0: prefill.</param>
/// <param name="TokensPerSecond">The best repeat of each variant; null: it does not fit into the device's memory.</param>
internal sealed record AblationRow(int Context, int Batch, IReadOnlyList<double?> TokensPerSecond);

/// <summary>
/// Measures decode and prefill with each technique off and on, in one process and in turn: what a device's clock or another process does
/// meets all of them. The caches are filled once per context and copied.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="repeats">How often each variant has its turn.</param>
/// <param name="prompt">Tokens that prefill takes.</param>
/// <param name="seed">Seed of the token ids.</param>
internal sealed class Ablation(Model model, int repeats, int prompt, int seed)
{
    private int _prompts;

    /// <summary>Tokens that decode takes.</summary>
    public const int Steps = 16;

    /// <summary>Positions that a context takes.</summary>
    public static int Positions(int context, int prompt) => context + Math.Max(Steps + 2, prompt);

    /// <summary>Runs all combinations.</summary>
    public IEnumerable<AblationRow> Run(IReadOnlyList<int> contexts, IReadOnlyList<int> batches, CancellationToken cancellationToken)
    {
        foreach (int context in contexts)
        {
            using Session filled = model.CreateSession(new SessionOptions { Capacity = Positions(context, prompt) });
            filled.Append(RandomTokens.Create(context, model.Config.VocabSize, seed), cancellationToken);
            yield return new AblationRow(context, 0, InTurn(variant => Prefill(filled, variant, cancellationToken)));
            foreach (int batch in batches)
            {
                yield return new AblationRow(context, batch, InTurn(variant => Decode(filled, variant, batch, cancellationToken)));
            }
        }
    }

    private double?[] InTurn(Func<AblationVariant, double> measure)
    {
        double?[] best = new double?[AblationVariant.All.Count];
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            for (int i = 0; i < best.Length; i++)
            {
                try
                {
                    best[i] = Math.Max(best[i] ?? 0, measure(AblationVariant.All[i]));
                }
                catch (OutOfDeviceMemoryException)
                {
                    return new double?[best.Length];
                }
            }
        }

        return best;
    }

    private double Decode(Session filled, AblationVariant variant, int batch, CancellationToken cancellationToken)
    {
        var sessions = new List<Session>(batch);
        try
        {
            for (int i = 0; i < batch; i++)
            {
                sessions.Add(filled.Fork(OptionsOf(variant)));
            }

            using SessionBatch? together = batch > 1 ? model.CreateBatch([.. sessions]) : null;
            var sequences = new BenchSequences(sessions, together);

            // The first step computes what a fork does not copy, the second is whole.
            sequences.Step(1, cancellationToken);
            sequences.Step(1, cancellationToken);
            long started = Stopwatch.GetTimestamp();
            for (int step = 0; step < Steps; step++)
            {
                sequences.Step(Math.Min(BenchRunner.StepsInFlight, Steps - step), cancellationToken);
            }

            return batch * Steps / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
        }
    }

    private double Prefill(Session filled, AblationVariant variant, CancellationToken cancellationToken)
    {
        using Session session = filled.Fork(OptionsOf(variant));
        double best = double.PositiveInfinity;
        for (int i = 0; i < 2; i++)
        {
            // Others each time: what is known of a prompt is not computed again.
            int[] ids = RandomTokens.Create(prompt, model.Config.VocabSize, seed + ++_prompts);
            session.Truncate(filled.Position);
            long started = Stopwatch.GetTimestamp();
            session.Append(ids, cancellationToken);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return prompt / best;
    }

    private static SessionOptions OptionsOf(AblationVariant variant) => new SessionOptions().WithResearch(
        new ResearchOptions { Softmax = variant.Softmax, Linear = variant.Linear });
}

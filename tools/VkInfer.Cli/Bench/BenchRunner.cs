using System.Diagnostics;
using VkInfer.Kernels;

namespace VkInfer.Cli.Bench;

/// <summary>Times prefill and decode: a warm-up, then the repeats, each checked outside its timed part.</summary>
/// <param name="model">The model.</param>
/// <param name="repeats">How often each test is timed.</param>
/// <param name="seed">Seed of the token ids.</param>
internal sealed class BenchRunner(Model model, int repeats, int seed)
{
    private const double MicrosecondsPerMillisecond = 1000;

    // A second step is under way while the first one's token is read, as when text is generated.
    internal const int StepsInFlight = 2;

    /// <summary>What the asynchronized softmax counted in all tests so far, warm-ups included.</summary>
    public SoftmaxStats Stats { get; private set; }

    /// <summary>Runs one test.</summary>
    public BenchResult Run(BenchTest test, CancellationToken cancellationToken) =>
        test.Prompt > 0 ? RunPrefill(test, cancellationToken) : RunDecode(test, cancellationToken);

    private BenchResult RunPrefill(BenchTest test, CancellationToken cancellationToken)
    {
        using Session session = model.CreateSession();
        if (test.Depth > 0)
        {
            session.Append(Ids(test.Depth, 0), cancellationToken);
        }

        double[] seconds = new double[repeats];
        float[] logits = new float[model.Config.VocabSize];
        double gpu = 0;
        bool isFinite = true;
        for (int i = -1; i < repeats; i++)
        {
            // Others each time: what is known of a prompt is not computed again.
            int[] ids = Ids(test.Prompt, i + 2);
            session.Truncate(test.Depth);
            long started = Stopwatch.GetTimestamp();
            session.Append(ids, cancellationToken);
            TimeSpan spent = Stopwatch.GetElapsedTime(started);
            session.ReadLogits(logits);
            isFinite &= BenchCheck.AreFinite(logits);
            if (i >= 0)
            {
                seconds[i] = spent.TotalSeconds;
                gpu += session.LastPrefillGpuMicroseconds / MicrosecondsPerMillisecond / repeats;
            }
        }

        Stats += session.ReadSoftmaxStats();
        return new BenchResult(test, seconds, gpu > 0 ? gpu : null, isFinite, IsRepeatable: true);
    }

    private BenchResult RunDecode(BenchTest test, CancellationToken cancellationToken)
    {
        var sessions = new List<Session>(test.Batch);
        try
        {
            for (int i = 0; i < test.Batch; i++)
            {
                Session session = model.CreateSession();
                sessions.Add(session);
                session.Append(Ids(test.ContextTokens, i), cancellationToken);
            }

            using SessionBatch? batch = test.Batch > 1 ? model.CreateBatch([.. sessions]) : null;
            return RunDecode(test, new BenchSequences(sessions, batch), cancellationToken);
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
        }
    }

    private BenchResult RunDecode(BenchTest test, BenchSequences sequences, CancellationToken cancellationToken)
    {
        IReadOnlyList<Session> sessions = sequences.Sessions;
        int[] Tokens() => [.. sessions.SelectMany(session => session.Tokens.Skip(test.ContextTokens))];
        MeasureGpu(test, sequences, cancellationToken);
        int[] expected = Tokens();
        double[] seconds = new double[repeats];
        bool isRepeatable = true;
        for (int i = -1; i < repeats; i++)
        {
            TimeSpan spent = Decode(test, sequences, cancellationToken);
            if (i >= 0)
            {
                seconds[i] = spent.TotalSeconds;
            }

            // Steps of several that run ahead have now more rows, now fewer, and sums of other orders.
            isRepeatable &= test.Batch > 1 || Tokens().AsSpan().SequenceEqual(expected);
        }

        double gpu = MeasureGpu(test, sequences, cancellationToken);
        isRepeatable &= Tokens().AsSpan().SequenceEqual(expected);
        float[] logits = new float[model.Config.VocabSize];
        bool isFinite = true;
        foreach (Session session in sessions)
        {
            session.KeepsLogits = true;
        }

        sequences.Start(test, cancellationToken);
        foreach (Session session in sessions)
        {
            session.ReadLogits(logits);
            isFinite &= BenchCheck.AreFinite(logits);
            Stats += session.ReadSoftmaxStats();
        }

        return new BenchResult(test, seconds, gpu > 0 ? gpu : null, isFinite, isRepeatable);
    }

    /// <summary>Steps of all sequences; submits ahead, so that the device always has work.</summary>
    private static TimeSpan Decode(BenchTest test, BenchSequences sequences, CancellationToken cancellationToken)
    {
        sequences.Start(test, cancellationToken);
        long started = Stopwatch.GetTimestamp();
        for (int step = 0; step < test.Generate; step++)
        {
            sequences.Step(Math.Min(StepsInFlight, test.Generate - step), cancellationToken);
        }

        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>GPU milliseconds of one repeat; its steps run one by one, since a step's timestamps are those of its last run.</summary>
    private static double MeasureGpu(BenchTest test, BenchSequences sequences, CancellationToken cancellationToken)
    {
        sequences.Start(test, cancellationToken);
        double microseconds = 0;
        for (int step = 0; step < test.Generate; step++)
        {
            sequences.Step(1, cancellationToken);
            microseconds += sequences.LastStepGpuMicroseconds;
        }

        return microseconds / MicrosecondsPerMillisecond;
    }

    private int[] Ids(int count, int sequence) => RandomTokens.Create(count, model.Config.VocabSize, seed + sequence);
}

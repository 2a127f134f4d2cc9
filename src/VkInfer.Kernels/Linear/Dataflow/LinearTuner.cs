using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Measures the implementations of linear layers on a device: for numbers of rows from 1 to 512, the best tiling of each form. Inputs are
/// random, weights are those given, each result is checked before its time counts. Not thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LinearTuner(KernelContext context)
{
    private static readonly int[] AllRows = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384, 512];

    // A tiling that takes so many times as long as the best of its form is not tried with more rows. Conventional tiles always are: the
    // largest are the worst for few rows and the best for many.
    private const double Hopeless = 1.6;

    private const int Repeats = 3;

    // What is measured again before one is chosen, and how much longer than the best the chosen one may take.
    private const int Confirmed = 4;
    private const double MostExcess = 0.03;
    private const int Attempts = 3;

    private const double SecondsPerRepeat = 0.001;

    // Both round A to float16 at most; a wrong product is off by about 1.
    private const double MostError = 1e-4;

    private readonly GemmKernel _gemm = new(context);
    private readonly List<string> _problems = [];

    /// <summary>
    /// How much longer, as a share, a chosen tiling took than the best of any form, at worst over all that was measured: from measuring
    /// both again after the choice.
    /// </summary>
    public double WorstExcess { get; private set; }

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Measures the products with matrices of one shape.</summary>
    /// <param name="matrices">At least one, all of one type and shape; taken in turn, so that caches hold none of them for long.</param>
    /// <param name="gate">The activation where the matrices are [gate | up]: forms that multiply the two are timed doing so.</param>
    /// <param name="deadline">When to stop: rows not reached by then are left to the heuristic.</param>
    /// <param name="cancellation">Ends it.</param>
    public LinearTable Measure(
        IReadOnlyList<WeightMatrix> matrices, ActivationFunction gate, DateTime deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(matrices);
        WeightMatrix first = matrices[0];
        ActivationType input = _gemm.PreferredInput(first);
        int[] counts = [
            .. AllRows.Where(
                m => Activations.SizeInBytes(
                    ActivationType.F32, m, Math.Max(first.Rows, first.Columns)) <= context.Capabilities.MaxStorageBufferRange)];
        using var run = new LinearRun(context, matrices, input, counts[^1]);
        LinearTime gemv = MeasureGemv(run, first, cancellation);
        var points = new List<LinearPoint>();
        var share = new Dictionary<string, double>();
        foreach (int m in counts)
        {
            if (DateTime.UtcNow > deadline && points.Count > 0)
            {
                _problems.Add($"{first.Type} [{first.Rows}, {first.Columns}]: no time for more than {points[^1].M} rows");
                break;
            }

            points.Add(MeasureRows(run, first, input, m, gate, share, cancellation));
        }

        return new LinearTable(first.Type, first.Rows, first.Columns, gemv, points);
    }

    private LinearPoint MeasureRows(
        LinearRun run, WeightMatrix first, ActivationType input, int m, ActivationFunction gate, Dictionary<string, double> share,
        CancellationToken cancellation)
    {
        var times = new List<LinearTime>();
        IGemmTiling[] tilings =
        [
            .. GemmCandidates.Of(context, first.Type, input, m).Where(tiling =>
                share.GetValueOrDefault(GemmCandidates.Name(tiling)) <= Hopeless
                && GemmCandidates.IsWorthTrying(context, tiling, m, first.Rows, first.KPadded) && run.HasRoom(tiling, m)),
        ];
        run.UseReference(m);
        var measures = new List<(IGemmTiling Tiling, (CommandList Commands, int Count) Repeated)>();
        try
        {
            // Pipelines are made first: while a driver compiles, the clock of an idle device falls.
            Parallel.ForEach(
                tilings, new ParallelOptions { CancellationToken = cancellation }, tiling => _gemm.Prepare(tiling, first.Type, gate));
            foreach (IGemmTiling tiling in tilings)
            {
                cancellation.ThrowIfCancellationRequested();
                string name = GemmCandidates.Name(tiling);
                if (run.Check(commands => run.Record(commands, _gemm, tiling, 0, m), m) is var error && !(error <= MostError))
                {
                    _problems.Add(
                        $"{first.Type} [{first.Rows}, {first.Columns}], M = {m}: {name} is wrong (nmse {error:0.0e+0}) and left out");
                    continue;
                }

                measures.Add((tiling, run.Repeat((commands, i) => run.Record(commands, _gemm, tiling, i, m, gate), SecondsPerRepeat)));
            }

            if (measures.Count == 0)
            {
                throw new NotSupportedException(
                    $"every product of {m} rows with {first.Type} [{first.Rows}, {first.Columns}] is wrong on this device");
            }

            for (int attempt = 0; attempt == 0 || (attempt < Attempts && !run.IsAtSpeed(cancellation)); attempt++)
            {
                run.WarmUp(cancellation);
                times.Clear();
                foreach ((IGemmTiling tiling, (CommandList Commands, int Count) repeated) in measures)
                {
                    times.Add(
                        new LinearTime(
                            GemmCandidates.FormOf(tiling), GemmCandidates.Name(tiling), run.Time(repeated, Repeats, cancellation)));
                }
            }

            foreach (IGrouping<LinearForm, LinearTime> form in times.Where(time => time.Form != LinearForm.Tiled).GroupBy(
                time => time.Form))
            {
                double fastest = form.Min(time => time.Microseconds);
                foreach (LinearTime? time in form)
                {
                    share[time.Tiling] = time.Microseconds / fastest;
                }
            }

            Confirm(run, [.. measures.Select(measure => measure.Repeated)], times, cancellation);
            var point = new LinearPoint(
                m,
                [
                    .. times.Zip(measures, (time, measure) => (Time: time, measure.Tiling)).GroupBy(each => each.Time.Form)
                        .OrderBy(form => form.Key).Select(BestOf),
                ]);
            return Verify(run, point, time => measures[times.FindIndex(other => other.Tiling == time.Tiling)].Repeated, cancellation);
        }
        finally
        {
            measures.ForEach(measure => measure.Repeated.Commands.Dispose());
        }
    }

    /// <summary>
    /// The fastest; but of flat tilings that as good as tie, the one whose workgroups are fewest and so read the input least often. In a
    /// whole pass that counts for more than alone: on an H200, one of two that took 30.1 and 30.4 µs for Llama-2-7B's QKV product with 8
    /// rows gave 1 650 tokens/s and the other, of twice the workgroups, 1 540.
    /// </summary>
    private static LinearTime BestOf(IEnumerable<(LinearTime Time, IGemmTiling Tiling)> form)
    {
        const double Tie = 1.02;
        (LinearTime fastest, IGemmTiling tiling) = form.MinBy(each => each.Time.Microseconds);
        return tiling is not GemmFlatConstants
            ? fastest
            : form.Where(each => each.Tiling is GemmFlatConstants && each.Time.Microseconds <= Tie * fastest.Microseconds)
                .OrderByDescending(each => each.Tiling.BlockN)
                .ThenBy(each => each.Time.Microseconds)
                .First().Time;
    }

    /// <summary>Measures the fastest again, in turn, so that a lucky moment chooses none of them.</summary>
    private static void Confirm(
        LinearRun run, IReadOnlyList<(CommandList Commands, int Count)> measures, List<LinearTime> times, CancellationToken cancellation)
    {
        int[] fastest = [.. Enumerable.Range(0, times.Count).OrderBy(i => times[i].Microseconds).Take(Confirmed)];
        double[] again = run.TimeInTurn([.. fastest.Select(i => measures[i])], Repeats, cancellation);
        for (int i = 0; i < fastest.Length; i++)
        {
            times[fastest[i]] = times[fastest[i]] with { Microseconds = again[i] };
        }
    }

    /// <summary>
    /// Measures the best of each form once more, in turn: how much longer the chosen one takes than the fastest is what the look-up may
    /// cost. Where it is more than allowed, these times count.
    /// </summary>
    private LinearPoint Verify(
        LinearRun run, LinearPoint point, Func<LinearTime, (CommandList Commands, int Count)> measure, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
        {
            double[] again = run.TimeInTurn([.. point.Times.Select(measure)], 2 * Repeats, cancellation);
            double chosen = again[point.Times.ToList().IndexOf(point.Best)];
            double excess = (chosen / again.Min()) - 1;
            if (excess <= MostExcess || attempt == Attempts)
            {
                WorstExcess = Math.Max(WorstExcess, excess);
                return point;
            }

            point = point with { Times = [.. point.Times.Zip(again, (time, microseconds) => time with { Microseconds = microseconds })] };
        }
    }

    private LinearTime MeasureGemv(LinearRun run, WeightMatrix first, CancellationToken cancellation)
    {
        run.UseReference(1);
        LinearTime? best = null;
        foreach (GemvTuning tuning in GemmCandidates.Gemv(context, first.Type, first.Rows, first.Columns))
        {
            cancellation.ThrowIfCancellationRequested();
            var kernel = new GemvKernel(context with { Linear = LinearDataflow.Of(first.Type, first.Rows, first.Columns, tuning) });
            string name = GemmCandidates.Name(tuning);
            if (run.Check(commands => run.Record(commands, kernel, 0), 1) is var error && !(error <= MostError))
            {
                _problems.Add($"{first.Type} [{first.Rows}, {first.Columns}]: {name} is wrong (nmse {error:0.0e+0}) and left out");
                continue;
            }

            (CommandList Commands, int Count) repeated = run.Repeat((list, i) => run.Record(list, kernel, i), SecondsPerRepeat);
            using CommandList commands = repeated.Commands;
            run.WarmUp(cancellation);
            var time = new LinearTime(LinearForm.Gemv, name, run.Time(repeated, Repeats, cancellation));
            best = best is null || time.Microseconds < best.Microseconds ? time : best;
        }

        return best
            ?? throw new NotSupportedException(
                $"every matrix-vector product with {first.Type} [{first.Rows}, {first.Columns}] is wrong on this device");
    }
}

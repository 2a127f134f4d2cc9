using System.Collections.Frozen;

namespace VkInfer.Kernels;

/// <summary>
/// Which implementation a linear layer takes for a number of rows: a look-up of what was measured, while commands are recorded. Where
/// nothing was measured the built-in heuristic decides. Immutable, thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record LinearDataflow
{
    private readonly FrozenDictionary<(WeightType Type, int Rows, int Columns), Choices> _choices;

    private LinearDataflow(IEnumerable<KeyValuePair<(WeightType Type, int Rows, int Columns), Choices>> choices) =>
        _choices = choices.ToFrozenDictionary();

    /// <summary>Nothing was measured.</summary>
    public static LinearDataflow Empty { get; } = new([]);

    /// <summary>The only form to be used, where it can do a product at all; null: the best.</summary>
    public LinearForm? Forced { get; init; }

    /// <summary>Makes the look-up of measured tables.</summary>
    /// <param name="context">The device; tilings that it cannot run are refused.</param>
    /// <param name="tables">The tables.</param>
    /// <exception cref="ArgumentException">A table is not of this device and this build: says what is wrong.</exception>
    public static LinearDataflow Create(KernelContext context, IReadOnlyList<LinearTable> tables)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(tables);
        var choices = new Dictionary<(WeightType, int, int), Choices>();
        var kernel = new GemmKernel(context);
        foreach (LinearTable table in tables)
        {
            ActivationType input = kernel.PreferredInput(table.Type, table.Rows, table.Columns);
            choices[(table.Type, table.Rows, table.Columns)] = Choices.Of(context, table, input);
        }

        return new LinearDataflow(choices);
    }

    /// <summary>A look-up that knows one spread of the matrix-vector product, for measuring it.</summary>
    internal static LinearDataflow Of(WeightType type, int rows, int columns, GemvTuning tuning) =>
        new([new((type, rows, columns), new Choices(tuning, []))]);

    /// <summary>The measured tiling for C [m, rows]; null where none was.</summary>
    internal IGemmTiling? Find(WeightType type, int rows, int columns, int m) =>
        _choices.TryGetValue((type, rows, columns), out Choices? choices) ? choices.Find(m, Forced) : null;

    /// <summary>The measured spread of the fused matrix-vector product; null where none was.</summary>
    internal GemvTuning? FindGemv(WeightType type, int rows, int columns) =>
        _choices.TryGetValue((type, rows, columns), out Choices? choices) ? choices.Gemv : null;

    private sealed record Choices(
        GemvTuning Gemv, IReadOnlyList<(int M, IReadOnlyDictionary<LinearForm, IGemmTiling> Forms, LinearForm Best)> Points)
    {
        public static Choices Of(KernelContext context, LinearTable table, ActivationType input)
        {
            GemvTuning[] gemv = GemmCandidates.Gemv(context, table.Type, table.Rows, table.Columns).Where(
                tuning => GemmCandidates.Name(tuning) == table.Gemv.Tiling).ToArray();
            if (gemv.Length == 0)
            {
                throw Unknown(table, table.Gemv.Tiling);
            }

            int last = 0;
            var points = new List<(int, IReadOnlyDictionary<LinearForm, IGemmTiling>, LinearForm)>();
            foreach (LinearPoint point in table.Points)
            {
                if (point.M <= last || point.Times.Count == 0
                    || point.Times.Any(time => !(time.Microseconds > 0) || !double.IsFinite(time.Microseconds)))
                {
                    throw new ArgumentException(
                        $"{table.Type} [{table.Rows}, {table.Columns}], M = {point.M}: expected rising M and positive times");
                }

                last = point.M;
                var candidates = GemmCandidates.Of(context, table.Type, input, point.M).ToDictionary(GemmCandidates.Name);
                var forms = new Dictionary<LinearForm, IGemmTiling>();
                foreach (LinearTime time in point.Times)
                {
                    IGemmTiling tiling = candidates.GetValueOrDefault(time.Tiling) ?? throw Unknown(table, time.Tiling);
                    forms[GemmCandidates.FormOf(tiling)] = tiling;
                }

                points.Add((point.M, forms, GemmCandidates.FormOf(candidates[point.Best.Tiling])));
            }

            return new Choices(gemv[0], points);
        }

        public IGemmTiling? Find(int m, LinearForm? forced)
        {
            foreach ((int lastM, IReadOnlyDictionary<LinearForm, IGemmTiling> forms, LinearForm best) in Points)
            {
                if (m <= lastM)
                {
                    return forms.GetValueOrDefault(forced ?? best)?.For(m);
                }
            }

            return null;
        }

        private static ArgumentException Unknown(LinearTable table, string tiling) =>
            new($"{table.Type} [{table.Rows}, {table.Columns}]: tiling '{tiling}' is not one of this device and build");
    }
}

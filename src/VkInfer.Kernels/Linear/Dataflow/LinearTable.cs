namespace VkInfer.Kernels;

/// <summary>What was measured of the products with matrices of one shape and type. Immutable.</summary>
/// <param name="Type">The weights' format.</param>
/// <param name="Rows">N.</param>
/// <param name="Columns">K.</param>
/// <param name="Gemv">The best spread of the fused matrix-vector product that decodes one sequence.</param>
/// <param name="Points">In ascending order of M.</param>
public sealed record LinearTable(WeightType Type, int Rows, int Columns, LinearTime Gemv, IReadOnlyList<LinearPoint> Points)
{
    /// <summary>M1: up to how many rows the matrix-vector form is the best; 0: never.</summary>
    public int LastGemv => LastOf(LinearForm.Gemv);

    /// <summary>M2: up to how many rows one of the first two forms is the best.</summary>
    public int LastFlat => Math.Max(LastOf(LinearForm.Gemv), LastOf(LinearForm.Flat));

    private int LastOf(LinearForm form) => Points.LastOrDefault(point => point.Best.Form == form)?.M ?? 0;
}

/// <summary>The best of each form for one number of rows.</summary>
/// <param name="M">Rows of A.</param>
/// <param name="Times">One for each form that takes so many rows, at least one.</param>
public sealed record LinearPoint(int M, IReadOnlyList<LinearTime> Times)
{
    /// <summary>The fastest.</summary>
    public LinearTime Best => Times.MinBy(time => time.Microseconds)!;
}

/// <summary>How long a product took.</summary>
/// <param name="Form">The form.</param>
/// <param name="Tiling">Its tiling, by a name that stays the same from version to version.</param>
/// <param name="Microseconds">Median over the repeats.</param>
public sealed record LinearTime(LinearForm Form, string Tiling, double Microseconds);

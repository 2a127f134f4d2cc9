using System.Globalization;
using VkInfer.Kernels;

namespace VkInfer.Cli.Output;

/// <summary>How a softmax is described to a person.</summary>
internal static class SoftmaxText
{
    /// <summary>E.g. <c>Asynchronized in 30 of 32 layers of decode, …</c>.</summary>
    public static string Of(SoftmaxPlan plan) =>
        $"decode {Schemes(plan.Layers.Select(layer => layer.Decode.Scheme))}, prefill "
        + $"{Schemes(plan.Layers.Select(layer => layer.Prefill.Scheme))} ({plan.Origin})";

    /// <summary>E.g. <c>softmax: 1024 rows, 3 computed anew (0.29 %)</c>.</summary>
    public static string Of(SoftmaxStatsDocument stats) => string.Create(
        CultureInfo.InvariantCulture,
        $"softmax: {stats.Rows} rows of the asynchronized scheme, {stats.Recomputed} computed anew "
        + $"({100 * new SoftmaxStats(stats.Rows, stats.Recomputed).Rate:0.##} %)");

    private static string Schemes(IEnumerable<SoftmaxScheme> layers)
    {
        IGrouping<SoftmaxScheme, SoftmaxScheme>[] groups = [.. layers.GroupBy(scheme => scheme).OrderByDescending(group => group.Count())];
        return groups.Length == 1
            ? groups[0].Key.ToString()
            : string.Join(" + ", groups.Select(group => $"{group.Key} ({group.Count()} layers)"));
    }
}

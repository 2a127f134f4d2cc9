using System.Runtime.InteropServices;
using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Proof;

/// <summary>A tiny model of a family, as <c>tools/golden</c> made it, with its logits by Hugging Face transformers.</summary>
/// <param name="Name">What the family, or its variant, is called.</param>
/// <param name="Folder">The model, in Hugging Face layout.</param>
/// <param name="Tokens">The prompt.</param>
internal sealed record Fixture(string Name, string Folder, int[] Tokens)
{
    /// <summary>All fixtures, which lie beside the program.</summary>
    public static IReadOnlyList<Fixture> All { get; } =
        [.. Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "fixtures")).Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>The logits after each token, one row after another.</summary>
    public double[] ReadLogits()
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Folder, "logits.f32"));
        return [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(logit => (double)logit)];
    }

    /// <summary>The largest difference of any logit, relative to the largest logit; infinite where one is no number.</summary>
    public static double ErrorOf(IReadOnlyList<float[]> actual, double[] expected) =>
        Comparison.Measure([.. actual.SelectMany(row => row)], expected).MaxAbs;

    private static Fixture Read(string folder) => new(
        Path.GetFileName(folder), folder,
        JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "tokens.json")), ProofJson.Default.Int32Array)!);
}

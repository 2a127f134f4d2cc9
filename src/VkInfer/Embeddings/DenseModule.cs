using System.Numerics;

namespace VkInfer.Embeddings;

/// <summary>A linear layer behind pooling (the module Dense of sentence-transformers). Immutable; thread-safe.</summary>
/// <param name="Weight">[Rows, Columns].</param>
/// <param name="Rows">Elements of its output.</param>
/// <param name="Columns">Elements of its input.</param>
/// <param name="Bias">[Rows]; null: none.</param>
/// <param name="HasTanh">Whether its output goes through tanh.</param>
internal sealed record DenseModule(float[] Weight, int Rows, int Columns, float[]? Bias = null, bool HasTanh = false)
{
    /// <summary>The output of one vector: little work beside a text's, done by the processor.</summary>
    /// <param name="input">[Columns].</param>
    /// <returns>[Rows].</returns>
    public float[] Apply(ReadOnlySpan<float> input)
    {
        float[] output = new float[Rows];
        for (int row = 0; row < Rows; row++)
        {
            double sum = Dot(Weight.AsSpan(row * Columns, Columns), input) + (Bias?[row] ?? 0);
            output[row] = (float)(HasTanh ? Math.Tanh(sum) : sum);
        }

        return output;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Vector<double> sums = Vector<double>.Zero;
        int at = 0;
        for (; at <= a.Length - Vector<float>.Count; at += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(a[at..]), out Vector<double> a1, out Vector<double> a2);
            Vector.Widen(new Vector<float>(b[at..]), out Vector<double> b1, out Vector<double> b2);
            sums += (a1 * b1) + (a2 * b2);
        }

        double sum = Vector.Sum(sums);
        for (; at < a.Length; at++)
        {
            sum += (double)a[at] * b[at];
        }

        return sum;
    }
}

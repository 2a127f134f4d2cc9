using System.Collections.Concurrent;
using VkInfer.Formats;

namespace VkInfer.Proof.Reference;

/// <summary>The tensors of a model as numbers, each decoded when it is first asked for.</summary>
internal sealed class ReferenceWeights(IWeightSource source)
{
    private readonly ConcurrentDictionary<string, float[]> _values = [];

    /// <summary>Whether the model has a tensor.</summary>
    public bool Has(string name) => source.TryGetTensor(name, out _);

    /// <summary>All elements of a tensor, row by row.</summary>
    public float[] Values(string name) => _values.GetOrAdd(name, Decode);

    /// <summary>One row of a matrix.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="row">Which row.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="scale">Factor of each element.</param>
    public double[] Row(string name, int row, int columns, double scale = 1) =>
        [.. Values(name).AsSpan(row * columns, columns).ToArray().Select(value => scale * value)];

    /// <summary>y = W x, plus the bias where the model has one.</summary>
    /// <param name="name">The layer, without <c>.weight</c>.</param>
    /// <param name="x">The input.</param>
    public double[] Linear(string name, double[] x) => Linear(name, x, 0, Values(name + ".weight").Length / x.Length);

    /// <summary>Some rows of the same.</summary>
    /// <param name="name">The layer, without <c>.weight</c>.</param>
    /// <param name="x">The input.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">How many.</param>
    public double[] Linear(string name, double[] x, int first, int rows)
    {
        float[] weights = Values(name + ".weight");
        float[]? bias = Has(name + ".bias") ? Values(name + ".bias") : null;
        double[] y = new double[rows];
        for (int row = 0; row < y.Length; row++)
        {
            double sum = bias?[first + row] ?? 0;
            ReadOnlySpan<float> w = weights.AsSpan((first + row) * x.Length, x.Length);
            for (int i = 0; i < x.Length; i++)
            {
                sum += w[i] * x[i];
            }

            y[row] = sum;
        }

        return y;
    }

    private float[] Decode(string name)
    {
        GgufTensor tensor = source.TryGetTensor(name, out GgufTensor? found)
            ? found
            : throw new ArgumentException($"{source.Path}: no tensor {name}.");
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(tensor.Type, source.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), values);
        return values;
    }
}

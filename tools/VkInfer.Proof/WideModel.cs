using System.Runtime.InteropServices;
using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;

namespace VkInfer.Proof;

/// <summary>
/// A model of a fixture's family with the tensors that the fixture has, wider, with random weights: all matrices in one format.
/// </summary>
internal sealed class WideModel : MemoryModel
{
    /// <param name="fixture">Whose family.</param>
    /// <param name="type">Format of all matrices.</param>
    /// <param name="seed">Of the weights.</param>
    public WideModel(Fixture fixture, WeightType type, int seed)
        : base(fixture.Name, HfConfigReader.Read(WideConfig.Of(fixture)))
    {
        using ModelSource narrow = Open(fixture.Folder);
        var shapes = new WideShape(Config, stem => narrow.Weights.TryGetTensor(stem + ".weight", out _));
        GgufTensorType matrixType = Quantization.ToTensorType(type);
        foreach (string name in narrow.Weights.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal))
        {
            if (LayerOf(name) is { } layer && layer >= Config.NumLayers)
            {
                continue;
            }

            (int rows, int columns) = shapes.Of(name);
            float[] values = RandomValues(name, rows, columns, (seed * 1000) + TensorCount);
            if (rows > 1 && !RowConverter.CanWrite(matrixType))
            {
                Add(name, rows, columns, matrixType, RandomBlocks(type, rows, columns, (seed * 1000) + TensorCount, Deviation(values)));
                continue;
            }

            GgufTensorType stored = rows == 1 ? GgufTensorType.F32 : matrixType;
            Add(name, rows, columns, stored, RowConverter.ConvertRows(
                GgufTensorType.F32, MemoryMarshal.AsBytes(values.AsSpan()), rows, columns, stored));
        }
    }

    /// <summary>For formats without an encoder: any blocks, whose weights have a deviation.</summary>
    private static byte[] RandomBlocks(WeightType type, int rows, int columns, int seed, double deviation)
    {
        float[] values = new float[rows * columns];
        Dequantizer.ToFloat32(Quantization.ToTensorType(type), WeightSamples.Create(type, rows, columns, seed), values);
        return WeightSamples.Create(type, rows, columns, seed, deviation / Deviation(values));
    }

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(value => (double)value * value));

    // As tools/golden has them: the residual stream stays near 1; gains and biases are far enough from 1 and 0 that leaving one out shows.
    private float[] RandomValues(string name, int rows, int columns, int seed)
    {
        (float mean, float deviation) = name switch
        {
            _ when name.EndsWith(".bias", StringComparison.Ordinal) => (0f, 0.3f),
            _ when name.EndsWith("ffn_gate_inp.scale", StringComparison.Ordinal) => (MathF.Sqrt(columns), 0.2f * MathF.Sqrt(columns)),
            _ when rows == 1 => (1f, 0.2f),
            "token_embd.weight" => (0f, 1 / MathF.Max(Config.EmbeddingScale / 4, 1)),
            "position_embd.weight" => (0f, 1f),
            _ => (0f, 1.3f / MathF.Sqrt(columns)),
        };
        return Noise(seed, rows * columns, mean, deviation);
    }

    private static int? LayerOf(string name) =>
        name.StartsWith("blk.", StringComparison.Ordinal)
            ? int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture)
            : null;
}

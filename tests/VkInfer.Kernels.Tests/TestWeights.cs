using VkInfer.Formats;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// Seeded random weights as a GGUF file stores them, and their values as the CPU decodes them, which stored vectors prove bit for bit.
/// </summary>
internal sealed class TestWeights
{
    private TestWeights(WeightType type, int rows, int columns, byte[] source)
    {
        (Type, Rows, Columns, Source) = (type, rows, columns, source);
        float[] decoded = new float[rows * columns];
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, decoded);
        Values = Array.ConvertAll(decoded, value => (double)value);
    }

    /// <summary>
    /// A format for each number of weights in a chunk, which is all that the products' loops know of a format. What need not be run for
    /// every format is run for these.
    /// </summary>
    public static IReadOnlyList<WeightType> ChunkSizes { get; } = [WeightType.F32, WeightType.F16, WeightType.Q8_0, WeightType.Q4_0];

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public byte[] Source { get; }

    /// <summary>[Rows][Columns].</summary>
    public double[] Values { get; }

    public static TestWeights Create(WeightType type, int rows, int columns, int seed) =>
        new(type, rows, columns, WeightSamples.Create(type, rows, columns, seed));

    /// <summary>Weights that a file stores as these bytes.</summary>
    public static TestWeights Of(WeightType type, int rows, int columns, byte[] source) => new(type, rows, columns, source);

    /// <summary>The next number of columns that is whole blocks of the format.</summary>
    public static int WholeBlocks(WeightType type, int columns)
    {
        int size = WeightLayout.BlockSize(type);
        return (columns + size - 1) / size * size;
    }

    /// <summary>The layout on the device.</summary>
    public byte[] Pack() => WeightSamples.Pack(Type, Rows, Columns, Source);

    /// <summary>Packs the weights into a buffer of the device.</summary>
    public WeightMatrix Upload(KernelHarness harness) => WeightMatrix.FromPacked(Type, Rows, Columns, harness.Upload<byte>(Pack()));

    public static double Normal(Random random) => WeightSamples.Normal(random);
}

using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Seeded random weights: packed on the device, and the values that the stored bits stand for.</summary>
internal sealed class PackedWeights : IDisposable
{
    private readonly GpuBuffer _buffer;
    private readonly TestWeights _weights;

    private PackedWeights(GpuDevice device, TestWeights weights)
    {
        _weights = weights;
        byte[] packed = weights.Pack();
        _buffer = device.CreateBuffer(packed.Length, BufferKind.DeviceLocal, $"{weights.Type} [{weights.Rows}, {weights.Columns}]");
        device.Upload(_buffer, 0, packed);
        Matrix = WeightMatrix.FromPacked(weights.Type, weights.Rows, weights.Columns, _buffer);
    }

    public WeightMatrix Matrix { get; }

    public static PackedWeights Random(GpuDevice device, WeightType type, int rows, int columns, int seed) =>
        new(device, TestWeights.Create(type, rows, columns, seed));

    /// <summary>W x in double precision.</summary>
    public double[] Multiply(ReadOnlySpan<double> x)
    {
        double[] result = new double[Matrix.Rows];
        for (int row = 0; row < result.Length; row++)
        {
            for (int column = 0; column < Matrix.Columns; column++)
            {
                result[row] += _weights.Values[(row * Matrix.Columns) + column] * x[column];
            }
        }

        return result;
    }

    public void Dispose() => _buffer.Dispose();
}

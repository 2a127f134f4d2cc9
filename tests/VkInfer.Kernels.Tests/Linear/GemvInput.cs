using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>A random input vector with the gain of its norm, padded with zeros on the device.</summary>
internal sealed class GemvInput : IDisposable
{
    private const float Eps = 1e-5f;

    private readonly GpuBuffer _gain;
    private readonly bool _norm;
    private readonly float[] _x;
    private readonly float[] _gains;

    public GemvInput(GpuDevice device, int columns, bool norm, int seed)
    {
        _norm = norm;
        _x = Buffers.Random(seed, columns);
        _gains = Buffers.Random(seed + 1, columns, 0.5f, 2);
        X = Buffers.Create<float>(device, Pad(_x), "x");
        _gain = Buffers.Create<float>(device, Pad(_gains), "gain");
    }

    public GpuBuffer X { get; }

    public NormFusion? Norm => _norm ? new NormFusion(_gain, Eps) : null;

    /// <summary>What the weights meet, in double precision.</summary>
    public double[] Expected()
    {
        var scale = _norm ? 1 / Math.Sqrt(_x.Sum(v => (double)v * v) / _x.Length + Eps) : 1;
        return [.. _x.Select((v, i) => _norm ? v * scale * _gains[i] : v)];
    }

    public void Dispose()
    {
        X.Dispose();
        _gain.Dispose();
    }

    private static float[] Pad(float[] values)
    {
        var padded = new float[WeightLayout.PadColumns(values.Length)];
        values.CopyTo(padded, 0);
        return padded;
    }
}

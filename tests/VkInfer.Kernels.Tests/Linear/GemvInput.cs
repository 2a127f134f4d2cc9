using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>A random input vector with the gain of its norm, padded with zeros on the device.</summary>
internal sealed class GemvInput : IDisposable
{
    private const float Eps = 1e-5f;

    private readonly GpuDevice _device;
    private readonly GpuBuffer _gain;
    private readonly List<GpuBuffer> _buffers = [];
    private readonly float[] _shift;
    private readonly bool _norm;
    private readonly float[] _x;
    private readonly float[] _gains;

    public GemvInput(GpuDevice device, int columns, bool norm, int seed)
    {
        _device = device;
        _norm = norm;
        _x = Buffers.Random(seed, columns);
        _gains = Buffers.Random(seed + 1, columns, 0.5f, 2);
        _shift = Buffers.Random(seed + 2, columns);
        X = Buffers.Create<float>(device, Pad(_x), "x");
        _gain = Buffers.Create<float>(device, Pad(_gains), "gain");
    }

    public GpuBuffer X { get; }

    public NormFusion? Norm => _norm ? new NormFusion(_gain, Eps) : null;

    /// <summary>The norm as a LayerNorm in front of some weights.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="bias">The layer's own bias.</param>
    /// <returns>The norm, and the bias that holds its shift.</returns>
    public (NormFusion Norm, GpuBuffer Bias) LayerNorm(PackedWeights w, ReadOnlySpan<float> bias)
    {
        double[] shifted = w.Multiply([.. _shift.Select(value => (double)value)]);
        var folded = new float[shifted.Length];
        for (var i = 0; i < folded.Length; i++)
        {
            folded[i] = (float)(shifted[i] + bias[i]);
        }

        float[] gainSums = [.. w.Multiply([.. _gains.Select(value => (double)value)]).Select(value => (float)value)];
        var sums = Buffers.Create<float>(_device, gainSums, "gain sums");
        var terms = Buffers.Create<float>(_device, folded, "folded bias");
        _buffers.AddRange([sums, terms]);
        return (new NormFusion(_gain, Eps, sums), terms);
    }

    /// <summary>What the weights meet behind that LayerNorm, in double precision.</summary>
    public double[] ExpectedOfLayerNorm()
    {
        var mean = _x.Average(v => (double)v);
        var scale = 1 / Math.Sqrt(_x.Average(v => (v - mean) * (v - mean)) + Eps);
        return [.. _x.Select((v, i) => ((v - mean) * scale * _gains[i]) + _shift[i])];
    }

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
        _buffers.ForEach(buffer => buffer.Dispose());
    }

    private static float[] Pad(float[] values)
    {
        var padded = new float[WeightLayout.PadColumns(values.Length)];
        values.CopyTo(padded, 0);
        return padded;
    }
}

using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// A random input vector, as a producer leaves it: in the form that the weights take, and with or without a norm's scale.
/// </summary>
internal sealed class GemvInput : IDisposable
{
    public const float Eps = 1e-5f;

    // The squares come in parts, as from the workgroups of a producer.
    private const int Parts = 7;

    private readonly GpuBuffer _data;
    private readonly GpuBuffer _squares;
    private readonly double _scale;
    private readonly double[] _values;

    /// <param name="context">The device.</param>
    /// <param name="type">The weights' format.</param>
    /// <param name="columns">Elements.</param>
    /// <param name="norm">Whether the scale of an RMSNorm is still to be applied.</param>
    /// <param name="seed">Of the values.</param>
    public GemvInput(KernelContext context, WeightType type, int columns, bool norm, int seed)
    {
        GpuDevice device = context.Device;
        float[] x = Buffers.Random(seed, columns);
        float[] gains = norm ? Buffers.Random(seed + 1, columns, 0.5f, 2) : Array.ConvertAll(x, _ => 1f);
        float[] gained = [.. x.Zip(gains, (value, gain) => value * gain)];
        VectorForm form = GemvHeuristic.Form(type, context);
        float[] padded = new float[WeightLayout.PadColumns(columns)];
        gained.CopyTo(padded, 0);
        _data = Buffers.Create<byte>(
            device, form == VectorForm.Fixed ? FixedPointVector.Encode(gained) : MemoryMarshal.AsBytes(padded.AsSpan()).ToArray(), "x");
        float[] squares = new float[Parts];
        for (int i = 0; i < columns; i++)
        {
            squares[i % Parts] += x[i] * x[i];
        }

        _squares = Buffers.Create<float>(device, squares, "squares");
        X = new VectorInput(_data, form, norm ? new PendingNorm(_squares, Parts, Eps) : null);
        _scale = norm ? 1 / Math.Sqrt((x.Sum(v => (double)v * v) / columns) + Eps) : 1;
        _values = [.. gained.Select(value => (double)value)];
    }

    public VectorInput X { get; }

    /// <summary>What the weights meet, in double precision.</summary>
    public double[] Expected() => [.. _values.Select(value => value * _scale)];

    /// <summary>The same as the form keeps it.</summary>
    public double[] AsStored(KernelContext context, WeightType type) =>
        [.. GemvForms.AsStaged(context, type, _values).Select(value => value * _scale)];

    public void Dispose()
    {
        _data.Dispose();
        _squares.Dispose();
    }
}

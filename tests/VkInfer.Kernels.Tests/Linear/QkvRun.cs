using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>What is added to the projections.</summary>
public enum QkvTerms
{
    None,
    Bias,
}

/// <summary>One recording of the query, key and value projections, with its buffers and its reference.</summary>
internal sealed class QkvRun : IDisposable
{
    private readonly PackedWeights _weights;
    private readonly GemvInput _input;
    private readonly GpuBuffer _rope;
    private readonly GpuBuffer _state;
    private readonly double[] _projected;
    private readonly GpuBuffer? _bias;
    private readonly int _position;

    public QkvRun(KernelContext context, AttentionShape shape, WeightType type, int columns, int position, QkvTerms terms = QkvTerms.None)
    {
        GpuDevice device = context.Device;
        Shape = shape;
        columns = TestWeights.WholeBlocks(type, columns);
        _position = position;
        _weights = PackedWeights.Random(device, type, shape.QkvWidth, columns, 11);
        _input = new GemvInput(context, type, columns, norm: true, 12);
        _projected = _weights.Multiply(_input.AsStored(context, type));
        if (terms == QkvTerms.Bias)
        {
            float[] bias = Buffers.Random(13, shape.QkvWidth);
            _bias = Buffers.Create<float>(device, bias, "bias");
            _projected = [.. _projected.Select((product, i) => product + bias[i])];
        }

        int pairs = shape.RotaryDim / 2;
        float[] table = new float[Math.Max(4, shape.Capacity * shape.RotaryDim)];
        for (int i = 0; i < shape.Capacity * pairs; i++)
        {
            double angle = Angle(i / pairs, i % pairs);
            (table[2 * i], table[(2 * i) + 1]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
        }

        _rope = Buffers.Create<float>(device, table, "rope");
        _state = Buffers.Create<StepState>(device, [new StepState { Position = (uint)position }], "step state");
        Q = new GuardedBuffer(device, shape.QueryWidth * sizeof(float), "q");
        Cache = new PagedCache(device, shape, null, null);
    }

    public AttentionShape Shape { get; }

    public GuardedBuffer Q { get; }

    public PagedCache Cache { get; }

    /// <summary>Records the projections from parts of these many rows.</summary>
    public void Record(CommandList commands, KernelContext context, params ReadOnlySpan<int> partWidths)
    {
        var kernel = new GemvKernel(context);
        WeightMatrix w = _weights.Matrix;
        int first = 0;
        var parts = new List<WeightMatrix>();
        foreach (int width in partWidths)
        {
            parts.Add(w.Slice(first, width));
            first += width;
        }

        BufferView? bias = _bias is null ? null : (BufferView)_bias;
        kernel.RecordQkv(commands, new StackedWeights(parts), _input.X, Shape, _rope, _state, Q.View, Cache.Layer, Cache.Blocks, bias);
    }

    /// <summary>The elements of some heads, counted through queries, keys and values.</summary>
    public double[] ExpectedHeads(int firstHead, int heads, bool rotate)
    {
        double[] values = _projected.AsSpan(firstHead * Shape.HeadDim, heads * Shape.HeadDim).ToArray();
        int pairs = rotate ? Shape.RotaryDim / 2 : 0;
        for (int head = 0; head < heads; head++)
        {
            for (int i = 0; i < pairs; i++)
            {
                bool split = Shape.Pairing == RopePairing.SplitHalf;
                int a = (head * Shape.HeadDim) + (split ? i : 2 * i);
                int b = a + (split ? pairs : 1);
                (double sin, double cos) = Math.SinCos(Angle(_position, i));
                (values[a], values[b]) = ((values[a] * cos) - (values[b] * sin), (values[a] * sin) + (values[b] * cos));
            }
        }

        return values;
    }

    public void Dispose()
    {
        _weights.Dispose();
        _input.Dispose();
        _bias?.Dispose();
        _rope.Dispose();
        _state.Dispose();
        Q.Dispose();
        Cache.Dispose();
    }

    private double Angle(int position, int pair) => position * Math.Pow(10000, -2.0 * pair / Shape.RotaryDim);
}

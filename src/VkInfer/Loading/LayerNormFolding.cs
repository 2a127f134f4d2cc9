using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>
/// Prepares LayerNorms for the fused products of decode: the products of a layer's weights with the norm's gain and shift, computed on the
/// device once, by <see cref="Run"/>, when the weights are there. Does nothing for RMSNorm.
/// </summary>
internal sealed class LayerNormFolding
{
    private readonly GpuDevice _device;
    private readonly GemvKernel _gemv;
    private readonly AddRowsKernel _addRows;
    private readonly List<GpuBuffer> _buffers;
    private readonly List<Action<CommandList>> _pending = [];

    public LayerNormFolding(GpuDevice device, KernelContext context, List<GpuBuffer> buffers)
    {
        _device = device;
        _gemv = new GemvKernel(context);
        _addRows = new AddRowsKernel(context);
        _buffers = buffers;
    }

    public LinearWeights Fold(LinearWeights linear, NormWeights norm)
    {
        if (norm.Shift is not { } shift)
        {
            return linear;
        }

        int rows = linear.Matrix.Rows;
        GpuBuffer gainSums = Create(rows, "gain_sums");
        GpuBuffer bias = Create(rows, "folded_bias");
        _pending.Add(commands =>
        {
            _gemv.Record(commands, linear.Matrix, norm.Gain, gainSums, GemvMode.Store);
            _gemv.Record(commands, linear.Matrix, shift, bias, GemvMode.Store);
            if (linear.Bias is { } own)
            {
                _addRows.RecordBias(commands, bias, own, 1, rows);
            }
        });
        return linear with { Folded = new FoldedLayerNorm(gainSums, bias) };
    }

    /// <summary>Computes everything that was asked for.</summary>
    public void Run()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        using CommandList commands = _device.CreateCommandList("fold.layer_norm");
        commands.Record(list => _pending.ForEach(record => record(list)));
        _device.Wait(_device.Submit(commands));
        _pending.Clear();
    }

    private GpuBuffer Create(int rows, string name)
    {
        GpuBuffer buffer = _device.CreateBuffer((long)WeightLayout.PadColumns(rows) * sizeof(float), BufferKind.DeviceLocal, name);
        _buffers.Add(buffer);
        return buffer;
    }
}

using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Inputs of matrix products, all of one element type.</summary>
/// <param name="Normed">[rows, HiddenSize].</param>
/// <param name="Attention">[rows, QuerySize].</param>
/// <param name="Up">[rows, UpSize].</param>
/// <param name="Mlp">[rows, IntermediateSize].</param>
internal sealed record GemmInputs(GpuBuffer Normed, GpuBuffer Attention, GpuBuffer Up, GpuBuffer Mlp);

/// <summary>
/// What a pass over many tokens writes: up to <see cref="MaxRows"/> rows of each activation. Shared by all sessions of a model,
/// whose passes follow one another on the queue.
/// </summary>
internal sealed class PrefillActivations : IDisposable
{
    private readonly BufferSet _buffers;
    private readonly int _hiddenSize;
    private readonly Dictionary<ActivationType, GemmInputs> _inputs = [];

    /// <param name="device">Where to allocate.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="maxRows">Most tokens of one pass.</param>
    /// <param name="inputTypes">
    /// The element types that matrix products of this model take: a set of buffers each, since rows of different types would write
    /// into each other's padding.
    /// </param>
    public PrefillActivations(GpuDevice device, ModelConfig config, int maxRows, IEnumerable<ActivationType> inputTypes)
    {
        MaxRows = maxRows;
        _hiddenSize = config.HiddenSize;
        _buffers = new BufferSet(device, "prefill");
        try
        {
            Hidden = _buffers.CreateFloats("hidden", maxRows, config.HiddenSize);
            Qkv = _buffers.CreateFloats("qkv", maxRows, config.QkvSize);
            Projected = config.HasPostNorms ? _buffers.CreateFloats("projected", maxRows, config.HiddenSize) : Hidden;
            Query = _buffers.CreateFloats("query", maxRows, config.QuerySize);
            Experts = config.NumExperts > 0 ? new ExpertActivations(_buffers, config, maxRows) : null;
            ActivationType[] types = [.. inputTypes.Distinct()];
            GemmScratch = types.Contains(ActivationType.F16)
                ? new GemmScratch(_buffers.Create("gemm_scratch", GemmScratch.SizeInBytes(device.Capabilities)))
                : null;
            foreach (ActivationType type in types)
            {
                GpuBuffer Create(string name, int width) =>
                    _buffers.Create($"{name}.{type}", Activations.SizeInBytes(type, InputRows(maxRows), width));
                _inputs[type] = new GemmInputs(
                    Create("normed", config.HiddenSize), Create("attention", config.QuerySize),
                    Create("up", config.UpSize), Create("mlp", config.IntermediateSize));
            }
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    public int MaxRows { get; }

    /// <summary>The residual stream, float32 [rows, HiddenSize].</summary>
    public GpuBuffer Hidden { get; }

    /// <summary>A layer's output before its norm, float32 [rows, HiddenSize]; only in models that have such norms.</summary>
    public GpuBuffer Projected { get; }

    /// <summary>Float32 [rows, QkvSize].</summary>
    public GpuBuffer Qkv { get; }

    /// <summary>What a mixture of experts writes; null: there is none.</summary>
    public ExpertActivations? Experts { get; }

    /// <summary>What matrix products share tiles in; null: none does.</summary>
    public GemmScratch? GemmScratch { get; }

    /// <summary>Rotated queries [rows, NumHeads, HeadDim] of the type that attention asks for.</summary>
    public GpuBuffer Query { get; }

    /// <summary>Device memory for <paramref name="rows"/> rows whose matrix products take one type.</summary>
    public static long SizeInBytes(ModelConfig config, int rows, ActivationType inputType)
    {
        long Floats(int width) => Activations.SizeInBytes(ActivationType.F32, rows, width);
        long Inputs(int width) => Activations.SizeInBytes(inputType, InputRows(rows), width);
        return (config.HasPostNorms ? 2 : 1) * Floats(config.HiddenSize) + Floats(config.QkvSize) + Floats(config.QuerySize)
            + ExpertActivations.SizeInBytes(config, rows) + Inputs(config.HiddenSize) + Inputs(config.QuerySize) + Inputs(config.UpSize)
            + Inputs(config.IntermediateSize);
    }

    /// <summary>The inputs of products that take <paramref name="type"/>.</summary>
    public GemmInputs Inputs(ActivationType type) => _inputs[type];

    /// <summary>One row of the residual stream.</summary>
    public BufferView Row(int row) => Activations.Row(Hidden, ActivationType.F32, row, _hiddenSize);

    public void RecordClear(CommandList commands) => _buffers.RecordClear(commands);

    public void Dispose() => _buffers.Dispose();

    // Whole fragments of the matrix units.
    private static int InputRows(int rows) => (rows + 15) / 16 * 16;
}

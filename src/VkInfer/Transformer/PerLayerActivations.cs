using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>What layers' own inputs take for some rows. The buffers are owned by the set that they are made from.</summary>
internal sealed class PerLayerActivations
{
    private readonly Dictionary<ActivationType, GpuBuffer> _gated = [];

    /// <param name="buffers">Owns the buffers.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="rows">Rows, at most.</param>
    /// <param name="types">How products take their input.</param>
    public PerLayerActivations(BufferSet buffers, ModelConfig config, int rows, IEnumerable<ActivationType> types)
    {
        int width = config.NumLayers * config.PerLayerSize;
        Embedded = buffers.CreateFloats("per_layer.embedded", rows, width);
        Projected = buffers.CreateFloats("per_layer.projected", rows, width);
        Inputs = buffers.CreateFloats("per_layer.inputs", rows, width);
        Gate = buffers.CreateFloats("per_layer.gate", rows, config.PerLayerSize);
        Activated = buffers.CreateFloats("per_layer.activated", rows, config.PerLayerSize);
        foreach (ActivationType type in types)
        {
            _gated[type] = buffers.Create($"per_layer.gated.{type}", GatedBytes(config, rows, type));
        }
    }

    /// <summary>Embeddings, float32 [rows, NumLayers · PerLayerSize].</summary>
    public GpuBuffer Embedded { get; }

    /// <summary>Projections of the embedded tokens, likewise.</summary>
    public GpuBuffer Projected { get; }

    /// <summary>The layers' inputs, likewise.</summary>
    public GpuBuffer Inputs { get; }

    /// <summary>A layer's gate, float32 [rows, PerLayerSize].</summary>
    public GpuBuffer Gate { get; }

    /// <summary>The same behind its function.</summary>
    public GpuBuffer Activated { get; }

    /// <summary>The gated input [rows, PerLayerSize] as products of a type take it.</summary>
    public GpuBuffer Gated(ActivationType type) => _gated[type];

    /// <summary>Device memory for so many rows whose products take one type; 0 where layers have no inputs of their own.</summary>
    public static long SizeInBytes(ModelConfig config, int rows, ActivationType type) => config.PerLayerSize == 0 ? 0
        : (3 * Activations.SizeInBytes(ActivationType.F32, rows, config.NumLayers * config.PerLayerSize))
            + (2 * Activations.SizeInBytes(ActivationType.F32, rows, config.PerLayerSize)) + GatedBytes(config, rows, type);

    // Whole fragments of the matrix units.
    private static long GatedBytes(ModelConfig config, int rows, ActivationType type) =>
        Activations.SizeInBytes(type, (rows + 15) / 16 * 16, config.PerLayerSize);
}

using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>What latent attention writes for some rows. The buffers are owned by the set that they are made from.</summary>
internal sealed class LatentActivations
{
    private readonly Dictionary<ActivationType, GpuBuffer> _normed = [];

    public LatentActivations(BufferSet buffers, ModelConfig config, int rows, IEnumerable<ActivationType> types)
    {
        LatentRecipe latent = config.Latent!;
        Queries = buffers.CreateFloats("latent.queries", rows, latent.QueriesSize);
        Attended = buffers.CreateFloats("latent.attended", rows, latent.QuerySize(config));
        foreach (ActivationType type in types)
        {
            _normed[type] = buffers.Create($"latent.normed.{type}", NormedBytes(latent, rows, type));
        }
    }

    /// <summary>Queries as they are projected, float32 [rows, QueriesSize].</summary>
    public GpuBuffer Queries { get; }

    /// <summary>What attention leaves, float32 [rows, QuerySize]: heads whose first Rank elements count.</summary>
    public GpuBuffer Attended { get; }

    /// <summary>The latent of queries [rows, QueryRank] as products of a type take it.</summary>
    public GpuBuffer Normed(ActivationType type) => _normed[type];

    /// <summary>Device memory for so many rows; 0 where there is no latent attention.</summary>
    public static long SizeInBytes(ModelConfig config, int rows, ActivationType type) => config.Latent is not { } latent ? 0
        : Activations.SizeInBytes(ActivationType.F32, rows, latent.QueriesSize)
            + Activations.SizeInBytes(ActivationType.F32, rows, latent.QuerySize(config)) + NormedBytes(latent, rows, type);

    // Whole fragments of the matrix units.
    private static long NormedBytes(LatentRecipe latent, int rows, ActivationType type) =>
        Activations.SizeInBytes(type, (rows + 15) / 16 * 16, latent.QueryRank ?? 1);
}

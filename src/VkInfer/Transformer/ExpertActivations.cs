using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// What a mixture of experts writes for some rows, float32 but for the choice. The buffers are owned by the set that they are made from.
/// </summary>
internal sealed class ExpertActivations
{
    public ExpertActivations(BufferSet buffers, ModelConfig config, int rows)
    {
        long pairs = (long)rows * config.NumExpertsPerToken;
        Normed = buffers.CreateFloats("experts.normed", rows, config.HiddenSize);
        Logits = buffers.CreateFloats("experts.logits", rows, config.NumExperts);
        Chosen = buffers.Create("experts.chosen", pairs * sizeof(uint));
        Weights = buffers.Create("experts.weights", pairs * sizeof(float));
        Mlp = buffers.CreateFloats("experts.mlp", pairs, config.IntermediateSize);
        Outputs = buffers.CreateFloats("experts.outputs", pairs, config.HiddenSize);
    }

    /// <summary>[rows, HiddenSize].</summary>
    public GpuBuffer Normed { get; }

    /// <summary>The router's, [rows, NumExperts].</summary>
    public GpuBuffer Logits { get; }

    /// <summary>Experts, uint32 [rows, NumExpertsPerToken].</summary>
    public GpuBuffer Chosen { get; }

    /// <summary>Their weights, [rows, NumExpertsPerToken].</summary>
    public GpuBuffer Weights { get; }

    /// <summary>[rows · NumExpertsPerToken, IntermediateSize].</summary>
    public GpuBuffer Mlp { get; }

    /// <summary>[rows · NumExpertsPerToken, HiddenSize].</summary>
    public GpuBuffer Outputs { get; }

    /// <summary>Device memory for so many rows; 0 where there are no experts.</summary>
    public static long SizeInBytes(ModelConfig config, int rows)
    {
        if (config.NumExperts == 0)
        {
            return 0;
        }

        int pairs = rows * config.NumExpertsPerToken;
        long Floats(int count, int width) => Activations.SizeInBytes(ActivationType.F32, count, width);
        return Floats(rows, config.HiddenSize) + Floats(rows, config.NumExperts) + (8L * pairs)
            + Floats(pairs, config.IntermediateSize) + Floats(pairs, config.HiddenSize);
    }
}

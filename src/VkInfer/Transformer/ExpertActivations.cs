using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// What a mixture of experts writes for some rows, float32 but for the choice. The buffers are owned by the set that they are made from.
/// </summary>
internal sealed class ExpertActivations
{
    /// <param name="buffers">Owns the buffers.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="rows">Rows, at most.</param>
    /// <param name="types">How matrix products of rows take their input; none: rows are never grouped by their experts.</param>
    public ExpertActivations(BufferSet buffers, ModelConfig config, int rows, IReadOnlyCollection<ActivationType> types)
    {
        long pairs = (long)rows * config.NumExpertsPerToken;
        Normed = buffers.CreateFloats("experts.normed", rows, config.HiddenSize);
        Logits = buffers.CreateFloats("experts.logits", rows, config.NumExperts);
        Chosen = buffers.Create("experts.chosen", pairs * sizeof(uint));
        Weights = buffers.Create("experts.weights", pairs * sizeof(float));
        Mlp = buffers.CreateFloats("experts.mlp", pairs, config.IntermediateSize);
        Outputs = buffers.CreateFloats("experts.outputs", pairs, config.HiddenSize);
        Parallel = HasOwnNorms(config) ? new ParallelActivations(buffers, config, rows) : null;
        Shared = HasSharedGate(config) ? new SharedActivations(buffers, config, rows) : null;
        Groups = types.Count > 0
            ? new ExpertGroups(
                buffers.Create("experts.order", ExpertGroups.OrderBytes(pairs)), buffers.Create("experts.tiles", ExpertGroups.TileBytes(pairs)))
            : null;
        HalfMlp = types.Contains(ActivationType.F16)
            ? buffers.Create("experts.mlp.F16", Activations.SizeInBytes(ActivationType.F16, (int)pairs, config.IntermediateSize))
            : null;
    }

    /// <summary>The order of rows by their experts; null: they are never grouped.</summary>
    public ExpertGroups? Groups { get; }

    /// <summary>What an expert for all tokens writes where it has a gate; null: none has.</summary>
    public SharedActivations? Shared { get; }

    /// <summary>What experts with norms of their own write beside that; null: none have.</summary>
    public ParallelActivations? Parallel { get; }

    /// <summary>The experts' input, [rows, HiddenSize].</summary>
    public GpuBuffer Normed { get; }

    /// <summary>The router's input, [rows, HiddenSize].</summary>
    public GpuBuffer RouterInput => Parallel?.RouterInput ?? Normed;

    /// <summary>The router's, [rows, NumExperts].</summary>
    public GpuBuffer Logits { get; }

    /// <summary>Experts, uint32 [rows, NumExpertsPerToken].</summary>
    public GpuBuffer Chosen { get; }

    /// <summary>Their weights, [rows, NumExpertsPerToken].</summary>
    public GpuBuffer Weights { get; }

    /// <summary>[rows · NumExpertsPerToken, IntermediateSize].</summary>
    public GpuBuffer Mlp { get; }

    /// <summary>The same in float16, of rows that are grouped; null: no product takes it.</summary>
    public GpuBuffer? HalfMlp { get; }

    /// <summary>[rows · NumExpertsPerToken, HiddenSize].</summary>
    public GpuBuffer Outputs { get; }

    /// <summary>Device memory for so many rows whose products take one type; 0 where there are no experts.</summary>
    public static long SizeInBytes(ModelConfig config, int rows, ActivationType type)
    {
        if (config.NumExperts == 0)
        {
            return 0;
        }

        int pairs = rows * config.NumExpertsPerToken;
        long Floats(int count, int width) => Activations.SizeInBytes(ActivationType.F32, count, width);
        return Floats(rows, config.HiddenSize) + Floats(rows, config.NumExperts) + (8L * pairs)
            + Floats(pairs, config.IntermediateSize) + Floats(pairs, config.HiddenSize)
            + ExpertGroups.OrderBytes(pairs) + ExpertGroups.TileBytes(pairs)
            + (type == ActivationType.F16 ? Activations.SizeInBytes(type, pairs, config.IntermediateSize) : 0)
            + (HasOwnNorms(config) ? 3 * Floats(rows, config.HiddenSize) : 0)
            + (HasSharedGate(config) ? Floats(rows, config.HiddenSize) + Floats(rows, 1) + (8L * rows) : 0);
    }

    private static bool HasSharedGate(ModelConfig config) =>
        config.Layers.Any(layer => layer.FeedForward is MixtureRecipe { HasSharedGate: true });

    private static bool HasOwnNorms(ModelConfig config) =>
        config.Layers.Any(layer => layer.FeedForward is MixtureRecipe { HasOwnNorms: true });
}

/// <summary>What experts with norms of their own write for some rows, each float32 [rows, HiddenSize].</summary>
internal sealed class ParallelActivations(BufferSet buffers, ModelConfig config, int rows)
{
    /// <summary>The router's input.</summary>
    public GpuBuffer RouterInput { get; } = buffers.CreateFloats("experts.router_input", rows, config.HiddenSize);

    /// <summary>The sum of the experts that a row goes to.</summary>
    public GpuBuffer Combined { get; } = buffers.CreateFloats("experts.combined", rows, config.HiddenSize);

    /// <summary>That sum and the output of the expert for all rows, normalised and added.</summary>
    public GpuBuffer Sum { get; } = buffers.CreateFloats("experts.sum", rows, config.HiddenSize);
}

/// <summary>
/// What an expert for all tokens with a gate writes for some rows: a mixture of that one expert, whose weight is its gate.
/// </summary>
internal sealed class SharedActivations(BufferSet buffers, ModelConfig config, int rows)
{
    /// <summary>The gate before its sigmoid, [rows, 1].</summary>
    public GpuBuffer Logits { get; } = buffers.CreateFloats("shared.logits", rows, 1);

    /// <summary>The one expert, uint32 [rows, 1].</summary>
    public GpuBuffer Chosen { get; } = buffers.Create("shared.chosen", (long)rows * sizeof(uint));

    /// <summary>The gate, [rows, 1].</summary>
    public GpuBuffer Weights { get; } = buffers.Create("shared.weights", (long)rows * sizeof(float));

    /// <summary>[rows, HiddenSize].</summary>
    public GpuBuffer Outputs { get; } = buffers.CreateFloats("shared.outputs", rows, config.HiddenSize);
}

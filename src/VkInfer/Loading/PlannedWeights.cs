using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>Uploads what a plan says; bytes come with <see cref="WeightUploader.Run"/>.</summary>
/// <param name="plan">What there is.</param>
/// <param name="uploader">Brings it to the device.</param>
internal sealed class PlannedWeights(WeightPlan plan, WeightUploader uploader) : IWeightMaker
{
    /// <inheritdoc/>
    public LinearWeights? Make(LinearPart part) => plan.Linears.TryGetValue(part, out LinearPlan? linear)
        ? new LinearWeights(uploader.Upload(linear.Parts), linear.Bias is { } bias ? uploader.Upload(bias) : null)
        : null;

    /// <inheritdoc/>
    public NormWeights Make(NormPart part)
    {
        NormPlan norm = plan.Norms[part];
        BufferView? shift = norm.Shift is { } planned ? uploader.Upload(planned)
            : part.Kind == NormKind.CentredNorm ? uploader.Upload(part.Name + ".no_shift", new float[WeightLayout.PadColumns(part.Width)])
            : null;
        return new NormWeights(uploader.Upload(norm.Gain), shift);
    }

    /// <inheritdoc/>
    public BufferView? Make(VectorPart part) =>
        plan.Vectors.TryGetValue(part, out VectorPlan? vector) ? uploader.Upload(vector) : null;

    /// <inheritdoc/>
    public BufferView Make(string name, float[] values) => uploader.Upload(name, values);

    /// <summary>Uploads all weights of a model, and returns when the device has them.</summary>
    /// <param name="plan">What there is.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="contextLength">Positions of the rotary tables.</param>
    /// <param name="uploader">Brings them to the device.</param>
    /// <param name="buffers">Receives the buffers, also where this throws.</param>
    /// <param name="planned">Given the weights when their buffers are there and their bytes are not.</param>
    public static TransformerWeights Upload(
        WeightPlan plan, ModelConfig config, int contextLength, WeightUploader uploader, List<GpuBuffer> buffers,
        Action<TransformerWeights> planned)
    {
        var weights = new TransformerWeights(plan.Blocks, new PlannedWeights(plan, uploader), config, contextLength, buffers);
        planned(weights);
        uploader.Run();
        return weights;
    }
}

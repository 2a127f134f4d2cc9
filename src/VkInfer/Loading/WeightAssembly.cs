using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>Puts together what is uploaded by a plan.</summary>
internal static class WeightAssembly
{
    /// <summary>Uploads the weights of a model, and returns when the device has them.</summary>
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
        NormWeights Norm(NormPlan norm) => new(uploader.Upload(norm.Gain), norm.Shift is { } shift ? uploader.Upload(shift) : null);
        LinearWeights Linear(LinearPlan linear) =>
            new(uploader.Upload(linear.Parts), linear.Bias is { } bias ? uploader.Upload(bias) : null);

        LayerWeights Layer(LayerPlan layer) => new(
            Norm(layer.AttentionNorm),
            Linear(layer.Qkv),
            layer.QkNorm is { } qkNorm ? uploader.Upload(qkNorm) : null,
            Linear(layer.Output),
            layer.AttentionPostNorm is { } attentionPost ? Norm(attentionPost) : null,
            Norm(layer.MlpNorm),
            layer.Router is { } router ? uploader.Upload(router) : null,
            Linear(layer.Up),
            Linear(layer.Down),
            layer.MlpPostNorm is { } mlpPost ? Norm(mlpPost) : null);

        WeightMatrix embedding = uploader.Upload(plan.Embedding);
        NormWeights outputNorm = Norm(plan.OutputNorm);
        var weights = new TransformerWeights(
            embedding,
            plan.Positions is { } positions ? uploader.Upload(positions).Quants : null,
            [.. plan.Layers.Select(Layer)],
            outputNorm,
            plan.Output is { } output ? Linear(output) : new LinearWeights(embedding),
            Rope(config, contextLength, uploader.Upload),
            buffers);
        planned(weights);
        uploader.Run();
        return weights;
    }

    /// <summary>The rotary tables of a model.</summary>
    public static RopeTables Rope(ModelConfig config, int contextLength, Func<string, float[], BufferView> upload)
    {
        BufferView full = upload("rope_table", RopeTable.Compute(config, contextLength));
        return new RopeTables(
            full, RopeTable.ComputeWindowed(config, contextLength) is { } table ? upload("rope_table.windowed", table) : full);
    }
}

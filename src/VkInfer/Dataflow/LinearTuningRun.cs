using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Measures every shape of matrix that a model has, each for its share of the time.</summary>
internal static class LinearTuningRun
{
    // More of the same shape tell nothing new; together they exceed every cache.
    private const long MostBytes = 1L << 30;

    // The first shape's share of the time beside its part: pipelines are made for it that the others use again.
    private const double FirstShare = 0.4;

    public static LinearTuning Run(
        KernelContext context, ModelConfig config, TransformerWeights weights, TimeSpan budget, IProgress<LoadProgress>? progress,
        CancellationToken cancellation)
    {
        DateTime started = DateTime.UtcNow;
        WeightMatrix[][] shapes =
        [
            .. weights.Matrices.SelectMany(stack => stack.Parts).Distinct().GroupBy(part => (part.Type, part.Rows, part.Columns)).Select(
                Some),
        ];
        HashSet<WeightMatrix> gated =
        [
            .. weights.Blocks.Layers.Select(layer => layer.FeedForward).OfType<DenseBlock>().Where(block => block.IsGated)
                .Select(block => weights[block.Up].GatedInOne).OfType<WeightMatrix>(),
        ];
        var tuner = new LinearTuner(context);
        var tables = new List<LinearTable>();
        foreach (WeightMatrix[] shape in shapes)
        {
            progress?.Report(new LoadProgress($"{shape[0].Type} [{shape[0].Rows}, {shape[0].Columns}]", tables.Count, shapes.Length));
            DateTime deadline = started + (budget * (FirstShare + ((1 - FirstShare) * (tables.Count + 1) / shapes.Length)));
            ActivationFunction gate = shape.Any(gated.Contains) ? config.Activation : ActivationFunction.None;
            tables.Add(tuner.Measure(shape, gate, deadline, cancellation));
        }

        PhysicalDeviceInfo device = context.Device.Info;
        return new LinearTuning(
            device.Name, device.DriverName, device.DriverVersion, LinearTuningFile.Shaders, tuner.WorstExcess,
            tables)
        { Problems = tuner.Problems };
    }

    private static WeightMatrix[] Some(IGrouping<(WeightType Type, int Rows, int Columns), WeightMatrix> shape)
    {
        long bytes = WeightLayout.SizeInBytes(shape.Key.Type, shape.Key.Rows, shape.Key.Columns);
        return [.. shape.Take((int)Math.Max(1, MostBytes / bytes))];
    }
}

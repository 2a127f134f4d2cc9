using Microsoft.Extensions.Logging;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>
/// Has the pipelines of a model compiled on all cores while its weights are read: it records the passes of a first answer to lists that
/// take no commands. What it misses is compiled on first use, as ever.
/// </summary>
internal static class PipelinePlanner
{
    /// <summary>Rows of a first prompt: a short one, and where there are cores to spare a long one.</summary>
    private static readonly int[] PromptRows = Environment.ProcessorCount >= 8 ? [32, 256] : [32];

    /// <summary>Finds the pipelines, and has others compile them: the task ends before they have. It never fails.</summary>
    /// <param name="context">The device.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="weights">The model's weights, whose bytes need not be there yet.</param>
    /// <param name="calibration">Decides how attention accumulates.</param>
    public static Task StartAsync(
        KernelContext context, ModelConfig config, ModelOptions options, TransformerWeights weights, SoftmaxCalibration? calibration) =>
            Task.Run(() =>
    {
        try
        {
            Plan(context, config, options, weights, SoftmaxPlan.For(options.Softmax, config.NumLayers, calibration));
        }
#pragma warning disable CA1031 // Whatever is wrong, a first answer meets it, too, and says so.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            options.Logger?.LogDebug("Pipelines are compiled on first use: {Problem}", exception.Message);
        }
    });

    private static void Plan(
        KernelContext context, ModelConfig config, ModelOptions options, TransformerWeights weights, SoftmaxPlan softmax)
    {
        GpuDevice device = context.Device;
        var kernels = new KernelSet(context with { IsPlanning = true });
        var transformer = new DecoderTransformer(config, weights, kernels);
        int contextLength = options.ResolveContextLength(config);
        using CommandList list = device.CreatePlanningList("plan");

        // No pipeline depends on how many tokens a cache holds.
        int capacity = Math.Min(contextLength, PromptRows.Max());
        using var store = new KvStore(device, config, options.KvType);
        list.Record(_ =>
        {
            foreach (int prompt in PromptRows)
            {
                int rows = Math.Min(prompt, options.PrefillChunk);
                StepShape shape = options.Reproducible ? new(rows, rows, 0, 0, 1, rows)
                    : new(rows, 0, rows, 1, config.IsEncoder ? 0 : 1, rows);
                PlanRows(list, config, transformer, weights, kernels, store, softmax, capacity, shape);
            }

            if (options.Reproducible)
            {
                PlanRows(list, config, transformer, weights, kernels, store, softmax, capacity, StepShape.Decode(1));
            }
            else if (!config.IsEncoder)
            {
                PlanStep(list, config, transformer, kernels, store, softmax, capacity);
            }
        });
    }

    private static void PlanRows(
        CommandList list, ModelConfig config, DecoderTransformer transformer, TransformerWeights weights, KernelSet kernels, KvStore store,
        SoftmaxPlan softmax, int capacity, StepShape shape)
    {
        GpuDevice device = kernels.Context.Device;
        using var table = new SequenceTable(device, 1, isFixed: false);
        using var activations = new RowActivations(
            device, config, shape.Rows, kernels.TypesOf(weights));
        using var pass = new RowsPass(
            device, config, transformer, kernels, activations, new RowsCache(store, table, softmax, capacity), shape);
        using var step = new PassRows(device, shape, pass.TileRows(shape));
        pass.Record(list, step);
    }

    private static void PlanStep(
        CommandList list, ModelConfig config, DecoderTransformer transformer, KernelSet kernels, KvStore store, SoftmaxPlan softmax,
        int capacity)
    {
        GpuDevice device = kernels.Context.Device;
        using var cache = new KvCache(device, store, capacity, softmax);
        using GpuBuffer state = device.CreateBuffer(StepState.SizeInBytes, BufferKind.DeviceLocal, "plan.state");
        using var step = new DecodeActivations(
            device, config, kernels.DecodeAttention.RowsScratchBytes(transformer.Shapes(store.Type, capacity), 1));
        transformer.RecordDecode(list, step, cache, state);
    }
}

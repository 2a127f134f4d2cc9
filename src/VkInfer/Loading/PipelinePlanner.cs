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
        using var store = new KvStore(device, config, options.KvType);
        using var cache = new KvCache(device, store, contextLength, softmax);
        list.Record(_ =>
        {
            foreach (int rows in PromptRows)
            {
                PlanPrompt(
                    list, config, transformer, weights, kernels, cache,
                    Math.Min(rows, MemoryRequirements.PrefillRows(options, contextLength)));
            }
        });
    }

    private static void PlanPrompt(
        CommandList list, ModelConfig config, DecoderTransformer transformer, TransformerWeights weights, KernelSet kernels, KvCache cache,
        int rows)
    {
        GpuDevice device = kernels.Context.Device;
        using var prompt = new PromptRows(device, rows);
        prompt.Set(new int[rows], 0, cache, transformer.TileRows(cache.Type, cache.Capacity, cache.Softmax, rows));
        using GpuBuffer state = device.CreateBuffer(StepState.SizeInBytes, BufferKind.DeviceLocal, "plan.state");
        using var activations = new RowActivations(device, config, rows, weights.Matrices.Select(kernels.Gemm.PreferredInput).Distinct());
        using var step = new DecodeActivations(device, config, kernels.DecodeAttention.ScratchBytes(transformer.Shape(cache, 0)));
        transformer.RecordEmbed(list, activations, prompt.All);
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            transformer.RecordPrefillLayer(list, activations, prompt, layer);
        }

        transformer.RecordHead(list, step.Hidden, step.Normed, step.Logits);
        transformer.RecordDecode(list, step, cache, state);
    }
}

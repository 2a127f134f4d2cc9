using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Tokenization;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>Brings a model onto a device: everything is checked first, then uploaded; a failure leaves nothing behind.</summary>
internal static class ModelLoader
{
    public static Model Load(string path, ModelOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        options.Validate(); // Before the files are opened.
        using ModelSource source = ModelSource.Open(path);
        return Load(source, options, progress, cancellation);
    }

    /// <summary>The same from an open source, which stays the caller's.</summary>
    public static Model Load(ModelSource source, ModelOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        ModelConfig config = source.ReadConfig();
        WeightPlan plan = WeightPlanner.Plan(source.Weights, config, options.Quantize);
        var text = new ModelText(source.CreateTokenizer(config.VocabSize), source.ChatTemplate);
        string fingerprint = ModelFingerprint.Of(source);

        return Build(source.Name, config, text, options, fingerprint, plan.SizeInBytes, (device, kernels, buffers) =>
        {
            var uploader = new WeightUploader(device, kernels, source.Weights, plan.SizeInBytes, buffers, progress, cancellation);
            return WeightAssembly.Upload(plan, config, options.ResolveContextLength(config), uploader, buffers);
        }, cancellation);
    }

    public static Model Synthesise(
        ModelConfig config, string name, WeightType type, ModelOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        long bytes = SyntheticWeights.SizeInBytes(config, type);
        return Build(
            name, config, null, options, null, bytes,
            (device, kernels, buffers) =>
                new SyntheticWeights(device, kernels, config, type, bytes, buffers, progress, cancellation).Create(options.ResolveContextLength(config)),
            cancellation);
    }

    private delegate TransformerWeights CreateWeights(GpuDevice device, KernelContext kernels, List<GpuBuffer> buffers);

    private static Model Build(
        string name, ModelConfig config, ModelText? text, ModelOptions options, string? fingerprint, long weightBytes, CreateWeights create,
        CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _ = options.ResolveContextLength(config); // Throws before a device is opened.
        VulkanInstance? instance = null;
        GpuDevice? gpu = null;
        var buffers = new List<GpuBuffer>();
        try
        {
            instance = VulkanInstance.Create(new VulkanInstanceOptions { Validation = options.Validation });
            gpu = instance.Open(instance.Select(DeviceSelector.Parse(options.Device)));
            var context = new KernelContext(gpu);
            context = context with { Linear = LinearTuningFile.Load(context, options.Linear, options.Logger) };
            var kernels = new KernelSet(context);
            var needed = MemoryRequirements.Of(config, weightBytes, options, kernels.Gemm.PreferredInput(WeightType.F16));
            long available = gpu.GetMemoryBudget().Available;
            options.Logger?.LogInformation(
                "{Model} on {Device}: {Needed} MiB needed, {Available} MiB available", name, gpu.Info.Name, needed.Total >> 20, available >> 20);
            if (needed.Total > available)
            {
                throw new OutOfDeviceMemoryException(
                    $"{name} (weights {needed.WeightBytes}, KV cache {needed.KvCacheBytes}, activations {needed.ScratchBytes} bytes)", needed.Total, available);
            }

            SoftmaxCalibration? calibration = fingerprint is null ? null : CalibrationFile.Read(fingerprint, config.NumLayers, options.Logger);
            TransformerWeights weights = create(gpu, context, buffers);

            // Parsed when a conversation asks for it: a model with a broken template still continues texts.
            var template = new Lazy<ChatTemplate>(
                () => string.IsNullOrWhiteSpace(text?.ChatTemplate) ? ChatTemplate.ChatMl : ChatTemplate.FromJinja(text.ChatTemplate));
            return new Model(new ModelParts(
                name, config, options, text, template, instance, gpu, weights, kernels, fingerprint, calibration));
        }
        catch
        {
            foreach (GpuBuffer buffer in buffers)
            {
                buffer.Dispose();
            }

            gpu?.Dispose();
            instance?.Dispose();
            throw;
        }
    }
}

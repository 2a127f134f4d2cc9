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
        using ModelSource source = ModelSource.Open(path, options.Logger);
        return Load(source, options, progress, cancellation);
    }

    /// <summary>The same from an open source, which stays the caller's.</summary>
    public static Model Load(ModelSource source, ModelOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        options = options with { };
        ModelConfig config = source.ReadConfig();
        WeightPlan plan = WeightPlanner.Plan(source.Weights, config, options.Quantize);

        // Vocabularies take a while to read, as a device takes to open.
        Task<ModelText> text = Task.Run(
            () => new ModelText(
                source.CreateTokenizer(config.VocabSize), source.ChatTemplate, source.ReadSampling(), source.ReadDense(config)),
            CancellationToken.None);
        try
        {
            string fingerprint = ModelFingerprint.Of(source);
            return Build(
                source.Name, config, () => text.GetAwaiter().GetResult(), options, fingerprint, plan.DeviceBytes,
                (context, buffers, planned) =>
            {
                var uploader = new WeightUploader(
                    context.Device, context, source.Weights, plan.SizeInBytes, buffers, progress, cancellation);
                return PlannedWeights.Upload(plan, config, options.ResolveContextLength(config), uploader, buffers, planned);
            }, cancellation);
        }
        catch
        {
            // It reads the source, which the caller closes; and what is wrong with a file is said before what is wrong with a device.
            text.GetAwaiter().GetResult();
            throw;
        }
    }

    public static Model Synthesise(
        ModelConfig config, string name, WeightType type, ModelOptions options, IProgress<LoadProgress>? progress,
        CancellationToken cancellation)
    {
        options.Validate();
        SyntheticTypes types = SyntheticShapes.Types(config, type);
        long bytes = SyntheticWeights.SizeInBytes(config, types);
        return Build(
            name, config, () => null, options, null, SyntheticWeights.DeviceBytes(config, types),
            (context, buffers, _) =>
                new SyntheticWeights(context.Device, context, config, types, bytes, buffers, progress, cancellation)
                    .Create(options.ResolveContextLength(config)),
            cancellation);
    }

    /// <summary>Creates the weights; tells of them as soon as they have buffers.</summary>
    private delegate TransformerWeights CreateWeights(KernelContext context, List<GpuBuffer> buffers, Action<TransformerWeights> planned);

    private static Model Build(
        string name, ModelConfig config, Func<ModelText?> readText, ModelOptions options, string? fingerprint, long weightBytes,
        CreateWeights create, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        int contextLength = options.ResolveContextLength(config); // Throws before a device is opened.
        if (options.Reproducible && config.IsEncoder)
        {
            throw new UnsupportedModelException(
                $"{name}: an encoder's texts attend in tiles, whose sizes depend on their company; {nameof(ModelOptions.Reproducible)} is for "
                + "models that generate.");
        }

        SharedDevice? device = null;
        Task planning = Task.CompletedTask;
        var buffers = new List<GpuBuffer>();
        try
        {
            device = SharedDevice.Open(new VulkanInstanceOptions { Validation = options.Validation }, DeviceSelector.Parse(options.Device));
            GpuDevice gpu = device.Gpu;
            var context = new KernelContext(gpu)
            {
                ReplaceShader = options.ReplaceShader,
                Chains = options.Dispatches == DispatchOrder.Auto ? null : options.Dispatches == DispatchOrder.Chained,
            };
            context = options.AdaptContext?.Invoke(context) ?? context;
            context = options.Reproducible
                ? context with { IsBatchInvariant = true }
                : context with { Linear = LinearTuningFile.Load(context, options.Linear, options.Logger) };
            CheckMemory(name, config, options, contextLength, weightBytes, context);
            ModelText? text = readText();

            // What another process may have measured meanwhile is not to change answers.
            SoftmaxCalibration? calibration = fingerprint is null || options.Reproducible
                ? null
                : CalibrationFile.Read(fingerprint, config.NumLayers, options.Logger);
            TransformerWeights weights = create(
                context, buffers, planned => planning = PipelinePlanner.StartAsync(context, config, options, planned, calibration));
            planning.Wait(CancellationToken.None);
            var selfTest = ModelSelfTest.Create(context, new ModelCases(config, weights, options), options);
            selfTest.BeforeFirstToken(options.SelfTestTime, cancellation);

            // Parsed when a conversation asks for it: a model with a broken template still continues texts.
            var template = new Lazy<ChatTemplate>(
                () => string.IsNullOrWhiteSpace(text?.ChatTemplate) ? ChatTemplate.ChatMl : ChatTemplate.FromJinja(text.ChatTemplate));
            return new Model(new ModelParts(
                name, config, options, text, template, device, weights, new KernelSet(context), fingerprint, calibration, selfTest));
        }
        catch
        {
            planning.Wait(CancellationToken.None);
            foreach (GpuBuffer buffer in buffers)
            {
                buffer.Dispose();
            }

            device?.Gpu.Settle();
            device?.Dispose();
            throw;
        }
    }

    private static void CheckMemory(
        string name, ModelConfig config, ModelOptions options, int contextLength, long weightBytes, KernelContext context)
    {
        GpuDevice gpu = context.Device;
        var needed = MemoryRequirements.Of(config, weightBytes, options, new GemmKernel(context).PreferredInput(WeightType.F16));
        long available = gpu.GetMemoryBudget().Available;
        options.Logger?.LogInformation(
            "{Model} on {Device}: {Needed} MiB needed, {Available} MiB available", name, gpu.Info.Name, needed.Total >> 20,
            available >> 20);
        if (needed.Total > available)
        {
            throw new OutOfDeviceMemoryException(
                $"{name} (weights {needed.WeightBytes}, KV cache {needed.KvCacheBytes}, activations {needed.ScratchBytes} bytes)",
                needed.Total, available);
        }
    }
}

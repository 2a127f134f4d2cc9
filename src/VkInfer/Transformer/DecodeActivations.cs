using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// What one token's pass writes: one row of each activation, float32 or as the product that takes it asks. Owned by a session.
/// </summary>
internal sealed class DecodeActivations : IDisposable
{
    private readonly BufferSet _buffers;

    public DecodeActivations(GpuDevice device, ModelConfig config, long scratchBytes)
    {
        _buffers = new BufferSet(device, "decode");
        try
        {
            Hidden = _buffers.CreateFloats("hidden", 1, config.HiddenSize);
            MixerInput = _buffers.CreateFloats("mixer_input", 1, config.MixerInputSize);
            Normed = _buffers.CreateFloats("normed", 1, config.HiddenSize);
            Squares = _buffers.Create("squares", PendingNorm.SizeInBytes(config.HiddenSize));
            Query = _buffers.CreateFloats("query", 1, config.MostQuerySize);
            MixerOutput = _buffers.CreateFloats("mixer_output", 1, config.MixerOutputSize);
            Mixed = _buffers.CreateFloats("mixed", 1, config.MixerOutputSize);
            Convolved = config.IsRecurrent ? _buffers.CreateFloats("convolved", 1, config.MixerInputSize) : MixerInput;
            Projected = _buffers.CreateFloats("projected", 1, config.HiddenSize);
            AttentionScratch = _buffers.Create("attention_scratch", scratchBytes);
            GateUp = _buffers.CreateFloats("gate_up", 1, config.UpSize);
            Experts = config.NumExperts > 0 ? new ExpertActivations(_buffers, config, 1, []) : null;
            Latent = config.Latent is null ? null : new LatentActivations(_buffers, config, 1, [ActivationType.F32]);
            PerLayer = config.PerLayerSize > 0 ? new PerLayerActivations(_buffers, config, 1, [ActivationType.F32]) : null;
            Mlp = _buffers.CreateFloats("mlp", 1, config.DownSize);
            Logits = _buffers.CreateFloats("logits", 1, config.VocabSize);
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    /// <summary>The residual stream [HiddenSize].</summary>
    public GpuBuffer Hidden { get; }

    /// <summary>What the products behind a norm take [HiddenSize], in either form.</summary>
    public GpuBuffer Normed { get; }

    /// <summary>Sums of squares of the residual stream.</summary>
    public GpuBuffer Squares { get; }

    /// <summary>What a mixer's first product leaves [MixerInputSize], where that does not store it elsewhere.</summary>
    public GpuBuffer MixerInput { get; }

    /// <summary>A part of that behind its convolution; only in models that have one.</summary>
    public GpuBuffer Convolved { get; }

    /// <summary>A mixer's output [MixerOutputSize] before its gates, where there are some.</summary>
    public GpuBuffer MixerOutput { get; }

    /// <summary>Rotated queries [NumHeads, HeadDim].</summary>
    public GpuBuffer Query { get; }

    /// <summary>What a mixer's last product takes [MixerOutputSize], in either form.</summary>
    public GpuBuffer Mixed { get; }

    /// <summary>A layer's output [HiddenSize] before its norm, where there is one.</summary>
    public GpuBuffer Projected { get; }

    /// <summary>Partial sums of split-KV attention, and counters that are zero between steps.</summary>
    public GpuBuffer AttentionScratch { get; }

    /// <summary>Gate, then up [UpSize], where their weights differ in format.</summary>
    public GpuBuffer GateUp { get; }

    /// <summary>What a mixture of experts writes; null: there is none.</summary>
    public ExpertActivations? Experts { get; }

    /// <summary>What latent attention writes; null: there is none.</summary>
    public LatentActivations? Latent { get; }

    /// <summary>What layers' own inputs take; null: there are none.</summary>
    public PerLayerActivations? PerLayer { get; }

    /// <summary>What the feed-forward layer's second matrix takes [DownSize].</summary>
    public GpuBuffer Mlp { get; }

    /// <summary>[VocabSize].</summary>
    public GpuBuffer Logits { get; }

    public void RecordClear(CommandList commands) => _buffers.RecordClear(commands);

    public void Dispose() => _buffers.Dispose();
}

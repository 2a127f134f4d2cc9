using VkInfer.Kernels;

namespace VkInfer.Transformer;

/// <summary>The kernels a transformer is composed of, one instance each per device.</summary>
internal sealed class KernelSet
{
    public KernelSet(KernelContext context)
    {
        Embed = new EmbedKernel(context);
        Gemv = new GemvKernel(context);
        DecodeAttention = new DecodeAttentionKernel(context);
        Argmax = new ArgmaxKernel(context);
        Sample = new SampleKernel(context);
        RmsNorm = new RmsNormKernel(context);
        Gemm = new GemmKernel(context);
        RopeStore = new RopeStoreKernel(context);
        PrefillAttention = new PrefillAttentionKernel(context);
        SwiGlu = new SwiGluKernel(context);
    }

    public EmbedKernel Embed { get; }

    public GemvKernel Gemv { get; }

    public DecodeAttentionKernel DecodeAttention { get; }

    public ArgmaxKernel Argmax { get; }

    public SampleKernel Sample { get; }

    public RmsNormKernel RmsNorm { get; }

    public GemmKernel Gemm { get; }

    public RopeStoreKernel RopeStore { get; }

    public PrefillAttentionKernel PrefillAttention { get; }

    public SwiGluKernel SwiGlu { get; }
}

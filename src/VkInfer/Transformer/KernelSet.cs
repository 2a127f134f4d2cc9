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
        SoftCap = new SoftCapKernel(context);
        AddRows = new AddRowsKernel(context);
        Norm = new NormKernel(context);
        Gemm = new GemmKernel(context);
        RopeStore = new RopeStoreKernel(context);
        PrefillAttention = new PrefillAttentionKernel(context);
        Activate = new ActivateKernel(context);
    }

    public EmbedKernel Embed { get; }

    public GemvKernel Gemv { get; }

    public DecodeAttentionKernel DecodeAttention { get; }

    public ArgmaxKernel Argmax { get; }

    public SampleKernel Sample { get; }

    public SoftCapKernel SoftCap { get; }

    public AddRowsKernel AddRows { get; }

    public NormKernel Norm { get; }

    public GemmKernel Gemm { get; }

    public RopeStoreKernel RopeStore { get; }

    public PrefillAttentionKernel PrefillAttention { get; }

    public ActivateKernel Activate { get; }
}

using VkInfer.Kernels;

namespace VkInfer.Transformer;

/// <summary>The kernels a transformer is composed of, one instance each per device.</summary>
internal sealed class KernelSet
{
    private readonly Lazy<AdjustLogitsKernel> _adjustLogits;
    private readonly Lazy<TokenHistoryKernel> _tokenHistory;
    private readonly Lazy<LogProbabilitiesKernel> _logProbabilities;

    public KernelSet(KernelContext context)
    {
        Context = context;
        Embed = new EmbedKernel(context);
        Gemv = new GemvKernel(context);
        DecodeAttention = new DecodeAttentionKernel(context);
        Argmax = new ArgmaxKernel(context);
        Sample = new SampleKernel(context);
        SoftCap = new SoftCapKernel(context);
        AddRows = new AddRowsKernel(context);
        Norm = new NormKernel(context);
        _adjustLogits = new(() => new AdjustLogitsKernel(context));
        _tokenHistory = new(() => new TokenHistoryKernel(context));
        _logProbabilities = new(() => new LogProbabilitiesKernel(context));
        Gemm = new GemmKernel(context);
        ResolveRows = new ResolveRowsKernel(context);
        GatherRows = new GatherRowsKernel(context);
        RopeStore = new RopeStoreKernel(context);
        LatentStore = new LatentStoreKernel(context);
        ScoreStatistics = new ScoreStatisticsKernel(context);
        PrefillAttention = new PrefillAttentionKernel(context);
        Route = new RouteKernel(context);
        Expert = new ExpertKernel(context);
        GroupedGemm = new GroupedGemmKernel(context);
        Combine = new CombineKernel(context);
        Activate = new ActivateKernel(context);
        ShortConv = new ShortConvKernel(context);
        GatedDelta = new GatedDeltaKernel(context);
        Mamba2 = new Mamba2Kernel(context);
        GateHeads = new GateHeadsKernel(context);
    }

    public KernelContext Context { get; }

    /// <summary>The element types that matrix products of a model take, and leave for each other.</summary>
    public IEnumerable<ActivationType> TypesOf(TransformerWeights weights) =>
        weights.Matrices.SelectMany(w => new[] { Gemm.PreferredInput(w), Gemm.PreferredOutput(w) }).Distinct();

    public EmbedKernel Embed { get; }

    public GemvKernel Gemv { get; }

    public DecodeAttentionKernel DecodeAttention { get; }

    public ArgmaxKernel Argmax { get; }

    public SampleKernel Sample { get; }

    // Few generations need these: their pipelines are made on first use.
    public AdjustLogitsKernel AdjustLogits => _adjustLogits.Value;

    public TokenHistoryKernel TokenHistory => _tokenHistory.Value;

    public LogProbabilitiesKernel LogProbabilities => _logProbabilities.Value;

    public SoftCapKernel SoftCap { get; }

    public AddRowsKernel AddRows { get; }

    public NormKernel Norm { get; }

    public GemmKernel Gemm { get; }

    public ResolveRowsKernel ResolveRows { get; }

    public GatherRowsKernel GatherRows { get; }

    public RopeStoreKernel RopeStore { get; }

    public LatentStoreKernel LatentStore { get; }

    public ScoreStatisticsKernel ScoreStatistics { get; }

    public PrefillAttentionKernel PrefillAttention { get; }

    public RouteKernel Route { get; }

    public ExpertKernel Expert { get; }

    public GroupedGemmKernel GroupedGemm { get; }

    public CombineKernel Combine { get; }

    public ActivateKernel Activate { get; }

    public ShortConvKernel ShortConv { get; }

    public GatedDeltaKernel GatedDelta { get; }

    public Mamba2Kernel Mamba2 { get; }

    public GateHeadsKernel GateHeads { get; }
}

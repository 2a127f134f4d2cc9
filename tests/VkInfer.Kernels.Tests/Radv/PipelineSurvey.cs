using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Radv;

/// <summary>What a kernel asks <see cref="GpuDevice.GetPipeline"/> for.</summary>
internal sealed record PipelineRequest(string Variant, SpecializationConstants Constants, int? SubgroupSize = null)
{
    public ComputePipeline Create(GpuDevice device) =>
        device.GetPipeline(ShaderLibrary.Get(Variant), Constants, SubgroupSize, requireFullSubgroups: SubgroupSize is not null);
}

/// <summary>The pipelines that the kernels ask for to run a model, by the heuristics that choose their constants.</summary>
/// <param name="context">The device, or a narrower view of it.</param>
internal sealed class PipelineSurvey(KernelContext context)
{
    private const int Experts = 8;
    private const int Used = 2;

    private static readonly int[] SeqLens = [1, 8, 16, 64, 512];

    /// <summary>Requests for weights and caches of every type; many are the same.</summary>
    public IEnumerable<PipelineRequest> Of(ModelShape model) =>
        TypesOf(model).SelectMany(
            type => Vectors(type, model).Concat(Products(type, model)).Concat(Grouped(type, model)).Concat(Candidates(type)))
            .Concat(Enum.GetValues<KvType>().SelectMany(type => Attention(model.Attention(type))))
            .Concat(Rows()).Concat(OtherMixers(Enum.GetValues<KvType>()));

    /// <summary>Requests for weights of one type and a float16 cache, without what only tuning would try.</summary>
    public IEnumerable<PipelineRequest> Of(ModelShape model, WeightType type) =>
        Vectors(type, model).Concat(Products(type, model)).Concat(Grouped(type, model))
            .Concat(Attention(model.Attention(KvType.F16))).Concat(Rows()).Concat(OtherMixers([KvType.F16, KvType.F32]));

    /// <summary>Requests of the matrix products alone.</summary>
    public IEnumerable<PipelineRequest> ProductsOf(ModelShape model) =>
        TypesOf(model).SelectMany(type => Products(type, model));

    /// <summary>A codebook takes the compiler seconds a pipeline: one model of such weights is enough.</summary>
    private static IEnumerable<WeightType> TypesOf(ModelShape model) => Enum.GetValues<WeightType>()
        .Where(type => ReferenceEquals(model, ModelShape.Usual[0]) || WeightFormat.Of(type).CodebookBytes == 0);

    /// <summary>What reads weights for one token at a time.</summary>
    private IEnumerable<PipelineRequest> Vectors(WeightType type, ModelShape model)
    {
        string name = WeightFormat.Of(type).Name;
        DeviceCapabilities capabilities = context.Capabilities;
        int[] widths = [model.HiddenSize, model.IntermediateSize];
        IEnumerable<(VectorForm Form, GemvTuning Tuning)> spreads =
            from columns in widths
            from form in Enum.GetValues<VectorForm>()
            where form != VectorForm.Fixed || GemvHeuristic.Form(type, context) == form
            from rows in new[] { model.HiddenSize, model.VocabSize }
            let elements = GemvHeuristic.BlockElements(form, rows, capabilities)
            let spread = GemvHeuristic.Choose(type, rows, columns, form, context)
            select (form, spread.OfWholeBlocks(capabilities, elements, rowsPerElement: 2));
        foreach ((VectorForm form, GemvTuning tuning) in spreads.Distinct())
        {
            foreach (uint next in new uint[] { 0, 1, 2, 3, 4 }.Where(next => form == VectorForm.Fixed || next is 0 or 1 or 3))
            {
                var shared = new GemvSharedConstants(tuning, tuning.MaxSlots(capabilities), Scaled: next != 0, Bias: next != 0);
                yield return new(
                    $"gemv_store_{name}{tuning.Feature}",
                    new GemvStoreConstants(shared, next, Y: true, Accumulate: false).ToSpecialization());
                yield return new(
                    $"gemv_store_{name}{tuning.Feature}",
                    new GemvStoreConstants(shared, next, Y: true, Accumulate: true).ToSpecialization());
                if (next == 0 && !WeightLayout.IsQuantized(type))
                {
                    yield return new(
                        $"gemv_store_{name}_chained", new GemvStoreConstants(shared, next, Y: true, Accumulate: false).ToSpecialization());
                }

                yield return new(
                    $"gemv_gated_{name}{tuning.Feature}",
                    new GemvGatedConstants(shared, Math.Min(next, 2), ActivationFunction.Silu).ToSpecialization());
                yield return new(
                    $"gemv_store_{name}{tuning.Feature}",
                    new GemvStoreConstants(shared, next, Y: true, Accumulate: true, Experts: Used).ToSpecialization());
                yield return new(
                    $"gemv_gated_{name}{tuning.Feature}",
                    new GemvGatedConstants(shared, Math.Min(next, 2), ActivationFunction.ClampedSwiglu, Used).ToSpecialization());
                foreach (KvType kvType in Enum.GetValues<KvType>().Where(new GemvKernel(context).CanRecordQkv))
                {
                    var constants = new GemvQkvConstants(shared, model.Pairing == RopePairing.SplitHalf);
                    yield return new($"gemv_qkv_{name}_{KvNames.Suffix(kvType)}{tuning.Feature}", constants.ToSpecialization());
                }
            }
        }

        int expertThreads = new ExpertKernel(context).Threads;
        yield return new($"expert_{name}", new ExpertConstants(expertThreads, Gated: true, ActivationFunction.Silu).ToSpecialization());
        yield return new($"expert_{name}", new ExpertConstants(expertThreads, Gated: false, ActivationFunction.None).ToSpecialization());
        yield return new(
            $"expert_{name}", new ExpertConstants(expertThreads, Gated: false, ActivationFunction.None, Heads: true).ToSpecialization());
        yield return new($"embed_{name}", SpecializationConstants.From((0, EmbedKernel.WorkgroupSize)));
        yield return new(
            RandomWeightsKernel.Variant(WeightFormat.Of(type)), SpecializationConstants.From((0, RandomWeightsKernel.WorkgroupSize)));
        foreach (WeightType blocks in Enum.GetValues<WeightType>().Where(blocks => QuantizeKernel.CanConvert(type, blocks)))
        {
            yield return new(
                QuantizeKernel.Variant(type, blocks), SpecializationConstants.From((0, (uint)new QuantizeKernel(context).Threads)));
        }
    }

    private IEnumerable<PipelineRequest> Products(WeightType type, ModelShape model)
    {
        DeviceCapabilities capabilities = context.Capabilities;
        bool matrix = new GemmKernel(context).PreferredInput(type) == ActivationType.F16;
        int[] outputs = [model.HiddenSize, model.Attention(KvType.F16).QkvWidth, 2 * model.IntermediateSize, model.VocabSize];
        foreach (int seqLen in SeqLens)
        {
            if (matrix && GemmHeuristic.Few(capabilities, seqLen) is { } few)
            {
                yield return new(
                    GemmKernel.Variant(type, few, ActivationType.F32), few.ToSpecialization(accumulate: false), few.SubgroupSize);
                yield return new(
                    GemmKernel.Variant(type, few, ActivationType.F32), few.ToSpecialization(accumulate: true), few.SubgroupSize);
                yield return new(
                    GemmKernel.Variant(type, few, ActivationType.F16), few.ToSpecialization(accumulate: false), few.SubgroupSize);
            }

            foreach (int rows in outputs)
            {
                IGemmTiling scalar = GemmHeuristic.Scalar(capabilities, context.IsSoftware, seqLen, rows);
                int k = rows == outputs[0] ? model.IntermediateSize : model.HiddenSize;
                foreach (IGemmTiling tiling in matrix
                    ? [scalar, GemmHeuristic.Matrix(capabilities, seqLen, rows, k, _ => true)]
                    : (IGemmTiling[])[scalar])
                {
                    string variant = GemmKernel.Variant(type, tiling, ActivationType.F32);
                    yield return new(variant, tiling.ToSpecialization(accumulate: false), tiling.SubgroupSize);
                    yield return new(variant, tiling.ToSpecialization(accumulate: true), tiling.SubgroupSize);
                    if (tiling is GemmMatrixConstants gated)
                    {
                        string halves = GemmKernel.Variant(type, tiling, ActivationType.F16);
                        yield return new(halves, tiling.ToSpecialization(accumulate: false), tiling.SubgroupSize);
                        if (gated.CanGate)
                        {
                            yield return new(halves, gated.ToGatedSpecialization(ActivationFunction.Silu), tiling.SubgroupSize);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Products of rows that are grouped by their experts.</summary>
    private IEnumerable<PipelineRequest> Grouped(WeightType type, ModelShape model)
    {
        ActivationType[] inputs = new GemmKernel(context).PreferredInput(type) == ActivationType.F16
            ? [ActivationType.F32, ActivationType.F16]
            : [ActivationType.F32];
        var kernel = new GroupedGemmKernel(context);
        return
            from input in inputs
            from seqLen in SeqLens
            let tiling = kernel.Tiling(type, type, input, 2 * seqLen, Experts, 2 * model.IntermediateSize, model.HiddenSize)
            where tiling is not null
            from request in new (ActivationType Output, GroupedEnd End)[]
            {
                (input, new GroupedEnd(ActivationFunction.Silu, IsGated: true, IsBiased: false)),
                (input, new GroupedEnd(ActivationFunction.ClampedSwiglu, IsGated: true, IsBiased: true)),
                (input, new GroupedEnd(ActivationFunction.ReluSquared, IsGated: false, IsBiased: false)),
                (ActivationType.F32, new GroupedEnd(ActivationFunction.None, IsGated: false, IsBiased: true)),
            }
            select new PipelineRequest(
                GemmKernel.Variant(type, tiling, request.Output), tiling.ToGroupedSpecialization(request.End), tiling.SubgroupSize);
    }

    /// <summary>What tuning would choose from, at few rows and at many.</summary>
    private IEnumerable<PipelineRequest> Candidates(WeightType type)
    {
        ActivationType[] inputs = new GemmKernel(context).PreferredInput(type) == ActivationType.F16
            ? new[] { ActivationType.F16, ActivationType.F32 }
            : [ActivationType.F32];
        foreach (ActivationType input in inputs)
        {
            foreach (int m in new[] { 1, 4, 8, 12, 16, 64 })
            {
                foreach (IGemmTiling tiling in GemmCandidates.Of(context, type, input, m))
                {
                    yield return new(
                        GemmKernel.Variant(type, tiling, ActivationType.F32), tiling.ToSpecialization(accumulate: false),
                        tiling.SubgroupSize);
                    if (tiling is IGatedGemmTiling { CanGate: true } gated)
                    {
                        yield return new(
                            GemmKernel.Variant(type, gated, ActivationType.F16), gated.ToGatedSpecialization(ActivationFunction.Silu),
                            gated.SubgroupSize);
                    }
                }
            }
        }
    }

    private IEnumerable<PipelineRequest> Attention(AttentionShape shape)
    {
        string kv = KvNames.Part(shape.KvType);
        var tuning = DecodeAttentionTuning.Choose(shape, context);
        var ofMany = DecodeAttentionTuning.Choose(shape, context, rows: 8);
        foreach (AttentionShape attention in (AttentionShape[])[shape, shape with { LogitSoftCap = 50 }])
        {
            foreach (SoftmaxScheme scheme in Enum.GetValues<SoftmaxScheme>())
            {
                DecodeAttentionConstants constants = tuning.ToConstants(attention, scheme, context.Capabilities);
                yield return new(DecodeAttentionKernel.Variant(shape.KvType), constants.ToSpecialization());
                // How the output is stored takes no registers: once in float32 is enough.
                ActivationType[] types = scheme == SoftmaxScheme.Asynchronized ? Enum.GetValues<ActivationType>() : [ActivationType.F16];
                foreach (ActivationType type in types)
                {
                    yield return new(
                        DecodeAttentionKernel.RowsVariant(shape.KvType, type),
                        ofMany.ToConstants(attention, scheme, context.Capabilities).ToSpecialization());
                    if (new DecodeAttentionKernel(context).MatrixForRows(attention, scheme, 8) is { } onMatrixUnits)
                    {
                        yield return new(
                            DecodeAttentionKernel.RowsVariant(shape.KvType, type, isMatrix: true),
                            onMatrixUnits.ToConstants(attention, scheme, sinks: false).ToSpecialization(),
                            onMatrixUnits.Fragment.SubgroupSize);
                    }
                }
            }
        }

        bool splitHalf = shape.Pairing == RopePairing.SplitHalf;
        RopeStoreConstants rope = new RopeStoreKernel(context).Constants(
            shape, biased: splitHalf, normed: splitHalf ? QkNormKind.EachHead : null, step: false);
        bool matrix = new PrefillAttentionKernel(context).QueryType(shape) == ActivationType.F16;
        foreach (ActivationType type in Enum.GetValues<ActivationType>())
        {
            yield return new($"rope_store_{kv}_{Activations.VariantPart(type)}", rope.ToSpecialization());
            yield return new(
                ScoreStatisticsKernel.Variant(shape.KvType, type),
                SpecializationConstants.From((0, (uint)new ScoreStatisticsKernel(context).Threads)));
            foreach (SoftmaxScheme scheme in Enum.GetValues<SoftmaxScheme>())
            {
                foreach (int seqLen in SeqLens)
                {
                    IPrefillAttentionTiling prefill = matrix
                        ? PrefillAttentionHeuristic.Matrix(context.Capabilities, context.IsSoftware, shape, scheme, seqLen)!
                        : PrefillAttentionHeuristic.Scalar(context.Capabilities, context.IsSoftware, shape.HeadDim);
                    yield return new(
                        PrefillAttentionKernel.Variant(shape.KvType, type, matrix), prefill.ToSpecialization(scheme), prefill.SubgroupSize);
                }
            }
        }
    }

    /// <summary>What does not depend on the model.</summary>
    private IEnumerable<PipelineRequest> Rows()
    {
        SpecializationConstants rmsNorm = new NormConstants(
            new NormKernel(context).Threads(width: 4096), LayerNorm: false, Accumulate: false, Held: 4).ToSpecialization();
        SpecializationConstants layerNorm =
            new NormConstants(new NormKernel(context).Threads(width: 4096), LayerNorm: true, Accumulate: false, Held: 4).ToSpecialization();
        SpecializationConstants swiGlu = new ActivateConstants(
            new ActivateKernel(context).Threads, ActivationFunction.Silu, Gated: true, Bias: false).ToSpecialization();
        SpecializationConstants addRows = new AddRowsConstants(new AddRowsKernel(context).Threads, RowPosition.OfList).ToSpecialization();
        SpecializationConstants sampler = SamplerPipeline.Constants(context);
        return
        [
            new("norm_f32", rmsNorm), new("norm_f16", rmsNorm), new("norm_f32", layerNorm), new("norm_f16", layerNorm),
            new("norm_fixed", new NormFixedConstants(new NormKernel(context).Threads(width: 4096), LayerNorm: true).ToSpecialization()),
            new("activate_f32_f32", swiGlu), new("activate_f32_f16", swiGlu), new("activate_f16_f16", swiGlu),
            new("route", new RouteKernel(context).Constants(8, RouterRule.OfChosen, biased: false).ToSpecialization()),
            new("group", new GroupConstants(new GroupedGemmKernel(context).Threads, Experts).ToSpecialization()),
            new("combine", new CombineKernel(context).Constants().ToSpecialization()),
            new("gather_rows", SpecializationConstants.From((0, (uint)new GatherRowsKernel(context).Threads))),
            new("resolve_rows", SpecializationConstants.From((0, (uint)new ResolveRowsKernel(context).Threads))),
            new("add_rows", addRows), new("soft_cap", SpecializationConstants.From((0, (uint)new SoftCapKernel(context).Threads))),
            new("argmax", sampler), new("sample_top", sampler), new("sample_buckets", sampler), new("sample", sampler),
            new("adjust_logits", AdjustLogitsKernel.Constants), new("token_history", TokenHistoryKernel.Constants),
            new("log_probabilities_slice", LogProbabilitiesKernel.SliceConstants(context)),
            new("log_probabilities", LogProbabilitiesKernel.MergeConstants),
        ];
    }

    /// <summary>Mixers with a state, of the sizes of Qwen3.5, LFM2 and Nemotron 3 Nano, and latent attention.</summary>
    private IEnumerable<PipelineRequest> OtherMixers(KvType[] types)
    {
        var delta = new GatedDeltaShape(KeyHeads: 16, ValueHeads: 32, KeyDim: 128, ValueDim: 128, IsTiled: true);
        var mamba = new Mamba2Shape(Heads: 64, HeadDim: 64, StateDim: 128, Groups: 8);
        var convolution = new ShortConvShape(Channels: 8192, Taps: 4);
        var gated = new ShortConvShape(Channels: 2048, Taps: 3, IsGated: true);
        foreach (bool oneRow in new[] { false, true })
        {
            yield return new("gated_delta", new GatedDeltaKernel(context).Constants(delta, oneRow).ToSpecialization());
            yield return new("mamba2", new Mamba2Kernel(context).Constants(mamba, oneRow).ToSpecialization());
            yield return new("short_conv", new ShortConvKernel(context).Constants(convolution, biased: false, oneRow).ToSpecialization());
            yield return new("short_conv", new ShortConvKernel(context).Constants(gated, biased: true, oneRow).ToSpecialization());
        }

        int latentThreads = new LatentStoreKernel(context).Threads;
        foreach (bool step in new[] { false, true })
        {
            SpecializationConstants constants = new LatentStoreConstants(latentThreads, SplitHalf: false, step).ToSpecialization();
            foreach (KvType type in types)
            {
                yield return new($"latent_store_{KvNames.Part(type)}", constants);
            }
        }

        int threads = new GateHeadsKernel(context).Threads(headDim: 128);
        foreach ((GateKind kind, bool norm, bool gateFirst) in new[]
        {
            (GateKind.Silu, false, false), (GateKind.Silu, true, false), (GateKind.Silu, true, true), (GateKind.Sigmoid, false, false),
            (GateKind.Factor, false, false), (GateKind.Summand, true, false),
        })
        {
            SpecializationConstants constants = new GateHeadsConstants(threads, norm, kind, gateFirst).ToSpecialization();
            yield return new("gate_heads_f32", constants);
            yield return new("gate_heads_f16", constants);
            yield return new("gate_heads_fixed", constants);
        }
    }
}

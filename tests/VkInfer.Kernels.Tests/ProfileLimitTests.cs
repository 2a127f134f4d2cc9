using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// The forms that kernels choose for the devices of the profiles, compared with the limits by what the SPIR-V says of itself: no
/// pipeline is made, so that the matrix units and subgroup sizes of devices count that are not there.
/// </summary>
public sealed class ProfileLimitTests
{
    private static IEnumerable<string> Names =>
        DeviceProfiles.All.Where(profile => profile.SubgroupArithmetic).Select(profile => profile.Name);

    [Test]
    public void Every_shader_declares_only_capabilities_that_are_checked()
    {
        IEnumerable<(string name, uint capability)> unknown = ShaderLibrary.Names
            .SelectMany(name => ShaderLibrary.Get(name).Reflection.Capabilities.Select(capability => (name, capability)))
            .Where(each => !ShaderCapabilities.IsKnown(each.capability));
        Assert.That(unknown, Is.Empty);
    }

    [TestCaseSource(nameof(Names))]
    public void Matrix_vector_products_fit(string name) => Assert.Multiple(() =>
    {
        KernelContext context = Context(name);
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            VectorForm form = GemvHeuristic.Form(type, context);
            foreach (int columns in new[] { 2048, 4096, 14336 })
            {
                const int Rows = 4096;
                int elements = GemvHeuristic.BlockElements(form, Rows, context.Capabilities);
                GemvTuning tuning = GemvHeuristic.Choose(type, Rows, columns, form, context)
                    .OfWholeBlocks(context.Capabilities, elements, rowsPerElement: 2);
                var shared = new GemvSharedConstants(tuning, tuning.MaxSlots(context.Capabilities), Scaled: true, Bias: true);
                string format = WeightFormat.Of(type).Name;
                uint next = form == VectorForm.Fixed ? 2u : 1u;
                Fits(
                    context, $"gemv_store_{format}{tuning.Feature}",
                    new GemvStoreConstants(shared, next, Accumulate: true).ToSpecialization());
                Fits(
                    context, $"gemv_gated_{format}{tuning.Feature}",
                    new GemvGatedConstants(shared, next, ActivationFunction.Silu).ToSpecialization());
                KvType kvType = new GemvKernel(context).CanRecordQkv(KvType.F16) ? KvType.F16 : KvType.F32;
                Fits(
                    context, $"gemv_qkv_{format}_{KvNames.Suffix(kvType)}{tuning.Feature}",
                    new GemvQkvConstants(shared, true).ToSpecialization());
            }
        }
    });

    [TestCaseSource(nameof(Names))]
    public void Matrix_products_fit(string name) => Assert.Multiple(() =>
    {
        KernelContext context = Context(name);
        var kernel = new GemmKernel(context);
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            DeviceCapabilities capabilities = WeightFormat.Of(type).BesideCodebook(context.Capabilities);
            ActivationType input = kernel.PreferredInput(type);
            foreach (int m in new[] { 1, 2, 5, 16, 33, 64, 512 })
            {
                IGemmTiling?[] tilings = input == ActivationType.F16
                    ? [GemmHeuristic.Few(capabilities, m), GemmHeuristic.Matrix(capabilities, m, 4096, 4096, _ => true)]
                    : [GemmHeuristic.Scalar(capabilities, false, m, 4096), GemmHeuristic.Vectors(capabilities, m, input)];
                foreach (IGemmTiling? tiling in tilings.OfType<IGemmTiling>().Concat(GemmCandidates.Of(context, type, input, m)))
                {
                    Fits(
                        context, GemmKernel.Variant(type, tiling, ActivationType.F32), tiling.ToSpecialization(false), tiling.SubgroupSize);
                    if (kernel.CanStoreF16(type))
                    {
                        Fits(
                            context, GemmKernel.Variant(type, tiling, ActivationType.F16), tiling.ToSpecialization(false),
                            tiling.SubgroupSize);
                    }

                    if (tiling is IGatedGemmTiling { CanGate: true } gated)
                    {
                        Fits(
                            context, GemmKernel.Variant(type, tiling, ActivationType.F16),
                            gated.ToGatedSpecialization(ActivationFunction.Silu), tiling.SubgroupSize);
                    }
                }
            }
        }
    });

    [TestCaseSource(nameof(Names))]
    public void Attention_fits_for_every_shape(string name) => Assert.Multiple(() =>
    {
        KernelContext context = Context(name);
        foreach (int headDim in new[] { 32, 64, 80, 96, 128, 256 })
        {
            foreach (int group in new[] { 1, 4, 8, 16, 71 })
            {
                foreach (KvType type in Enum.GetValues<KvType>())
                {
                    var shape = new AttentionShape(2 * group, 2, headDim, headDim, RopePairing.SplitHalf, 4096, type, 0.1f);
                    foreach (int rows in new[] { 1, 3, 32 })
                    {
                        var tuning = DecodeAttentionTuning.Choose(shape, context, rows);
                        SpecializationConstants constants =
                            tuning.ToConstants(shape, SoftmaxScheme.Synchronized, context.Capabilities).ToSpecialization();
                        Fits(context, DecodeAttentionKernel.Variant(type), constants);
                        Fits(context, DecodeAttentionKernel.RowsVariant(type, ActivationType.F32), constants);
                    }

                    PrefillAttentionConstants prefill = PrefillAttentionHeuristic.Scalar(context.Capabilities, false, headDim);
                    Fits(
                        context, PrefillAttentionKernel.Variant(type, ActivationType.F32, matrix: false),
                        prefill.ToSpecialization(SoftmaxScheme.Synchronized));
                    foreach (SoftmaxScheme scheme in Enum.GetValues<SoftmaxScheme>())
                    {
                        foreach (int seqLen in new[] { 1, 512 })
                        {
                            if (PrefillAttentionHeuristic.Matrix(context.Capabilities, false, shape, scheme, seqLen) is { } matrix)
                            {
                                Fits(
                                    context, PrefillAttentionKernel.Variant(type, ActivationType.F32, matrix: true),
                                    matrix.ToSpecialization(scheme), matrix.SubgroupSize);
                            }
                        }
                    }
                }
            }
        }
    });

    [TestCaseSource(nameof(Names))]
    public void Other_kernels_fit(string name) => Assert.Multiple(() =>
    {
        KernelContext context = Context(name);
        foreach (int width in new[] { 64, 250, 4096, 18_432 })
        {
            var norm = new NormKernel(context);
            Fits(context, "norm_f32", new NormConstants(norm.Threads(width), true, false, norm.Held(width)).ToSpecialization());
        }

        foreach (string? variant in new[] { "argmax", "sample_top", "sample_buckets", "sample", "adjust_logits", "token_history" })
        {
            Fits(context, variant, SamplerPipeline.Constants(context));
        }

        Fits(
            context, "expert_q8_0",
            new ExpertConstants(new ExpertKernel(context).Threads, true, ActivationFunction.Silu).ToSpecialization());
        Fits(context, "soft_cap", SpecializationConstants.From((0, (uint)new SoftCapKernel(context).Threads)));
    });

    private static void Fits(KernelContext context, string variant, SpecializationConstants constants, int? subgroupSize = null)
    {
        if (ShaderLibrary.Contains(variant))
        {
            Assert.That(
                () =>
                {
                    ShaderCode shader = ShaderLibrary.Get(variant);
                    WorkgroupUsage workgroup = shader.Reflection.WorkgroupWith(constants);
                    PipelineLimits.Check(
                        context.Capabilities, shader, constants,
                        SubgroupRequest.Of(context.Capabilities, workgroup, subgroupSize, subgroupSize is not null));
                },
                Throws.Nothing);
        }
    }

    // A device that has all that its profile lets it have.
    private static KernelContext Context(string name)
    {
        DeviceProfile profile = DeviceProfiles.All.Single(each => each.Name == name);
        (int usual, int min, int max) = profile.Subgroups ?? (32, 32, 32);
        return new KernelContext(GpuFixture.Device)
        {
            IsSoftware = false,
            Capabilities = new DeviceCapabilities
            {
                SubgroupSize = usual,
                MinSubgroupSize = min,
                MaxSubgroupSize = max,
                SubgroupSizeControl = profile.SubgroupSizeControl,
                SubgroupSizeVaries = min < max,
                MaxWorkgroupSubgroups = 1024 / min,
                ComputeFullSubgroups = profile.SubgroupSizeControl,
                SubgroupArithmetic = true,
                SubgroupBallot = true,
                SubgroupShuffle = true,
                SubgroupVote = true,
                MaxSharedMemoryBytes = Math.Min(profile.SharedMemoryBytes, 64 << 10),
                MaxWorkgroupInvocations = Math.Min(profile.WorkgroupInvocations, 1024),
                MaxWorkgroupCount = (65_535, 65_535, 65_535),
                MaxWorkgroupSize = (1024, 1024, 64),
                MaxPushConstantBytes = Math.Min(profile.PushConstantBytes, 256),
                MaxStorageBufferRange = Math.Min(profile.StorageBufferRange, 1L << 31),
                StorageBufferOffsetAlignment = Math.Max(profile.OffsetAlignment, 4),
                Float16 = profile.Float16,
                Int8 = profile.SmallIntegers,
                Int16 = profile.SmallIntegers,
                Int64 = profile.Int64,
                Storage16 = profile.Storage16,
                Storage8 = profile.Storage8,
                BufferDeviceAddress = true,
                VulkanMemoryModel = true,
                IntegerDotProduct = profile.IntegerDotProduct,
                IntegerDotProductAccelerated = profile is { IntegerDotProduct: true, IntegerDotProductAccelerated: true },
                CooperativeMatrixShapes =
                [
                    .. (profile.MatrixShapes ?? []).Select(shape => new CooperativeMatrixShape(
                        shape.M, shape.N, shape.K, MatrixComponentType.Float16, MatrixComponentType.Float16, MatrixComponentType.Float32,
                        MatrixComponentType.Float32, false)),
                ],
            },
        };
    }
}

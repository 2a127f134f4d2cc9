using VkInfer.Kernels.Tests.Mlp;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Linear;

[TestFixture]
public sealed class GemmKernelTests : GpuTest
{
    private static readonly int[] Lengths = [1, 2, 7, 33, 64, 65, 111];

    private static readonly IReadOnlyList<WeightType> ChunkSizes = TestWeights.ChunkSizes;

    private static readonly WeightType[] MatrixTypes = [.. Enum.GetValues<WeightType>().Where(type => type != WeightType.F32)];

    private static readonly GemmTiledConstants[] Tilings =
        [new(8, 16, 8, 4), new(8, 16, 4, 4), new(8, 16, 2, 4), new(8, 16, 1, 4), new(8, 8, 4, 8)];

    [Test]
    public void Every_type_matches_the_reference([Values] WeightType type) => Check(type, 9, 65, 288, GemmMode.Accumulate);

    [Test]
    public void Any_length_matches_the_reference(
        [ValueSource(nameof(Lengths))] int seqLen, [ValueSource(nameof(ChunkSizes))] WeightType type, [Values] GemmMode mode) =>
        Check(type, seqLen, 65, 96, mode);

    [Test]
    public void Any_width_matches_the_reference(
        [Values(1, 63, 64, 65, 111, 129)] int rows, [Values(32, 64, 96, 128)] int columns,
        [ValueSource(nameof(ChunkSizes))] WeightType type) =>
        Check(type, 9, rows, columns, GemmMode.Store);

    [TestCase(WeightType.F32, 111)]
    [TestCase(WeightType.F16, 111)]
    [TestCase(WeightType.BF16, 1)]
    public void Columns_need_no_multiple(WeightType type, int columns) => Check(type, 7, 65, columns, GemmMode.Store);

    [TestCase(WeightType.F32)]
    [TestCase(WeightType.F16)]
    [TestCase(WeightType.Q8_0)]
    [TestCase(WeightType.Q4_0)]
    public void Long_sums_match_the_reference(WeightType type) => Check(type, 33, 70, 4096, GemmMode.Accumulate);

    [Test]
    public void The_tiled_form_takes_every_type([Values] WeightType type) =>
        CheckTiled(Tilings[1], type, 33, 67, 288, GemmMode.Store, ActivationType.F32, Bounds.F32);

    [Test]
    public void The_tiled_form_matches_the_reference(
        [Values(0, 1, 2, 3, 4)] int tiling, [ValueSource(nameof(ChunkSizes))] WeightType type, [Values(1, 33, 65)] int seqLen) =>
        CheckTiled(
            Tilings[tiling], type, seqLen, 67, 160, seqLen == 33 ? GemmMode.Accumulate : GemmMode.Store, ActivationType.F32, Bounds.F32);

    /// <summary>Rows of gpt-oss: whole blocks of 32 and of 64, of none larger.</summary>
    [Test]
    public void Every_scalar_form_takes_rows_of_2880([Values(WeightType.Q8_0, WeightType.MXFP4, WeightType.NVFP4)] WeightType type)
    {
        Check(type, 5, 33, 2880, GemmMode.Store);
        CheckTiled(Tilings[1], type, 5, 33, 2880, GemmMode.Store, ActivationType.F32, Bounds.F32);
        CheckTiled(Vectors(2, 3, ActivationType.F32), type, 3, 33, 2880, GemmMode.Store, ActivationType.F32, Bounds.F32);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void Every_matrix_form_takes_rows_of_2880([Values(WeightType.Q8_0, WeightType.MXFP4)] WeightType type)
    {
        CheckTiled(MatrixTiling(0), type, 33, 67, 2880, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
        CheckTiled(FlatTiling(0, mFragments: 1), type, 7, 33, 2880, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
    }

    [Test]
    public void The_direct_form_takes_any_tile([Values(1, 3, 8)] int tileM, [Values(1, 2)] int tileN) =>
        CheckTiled(new GemmDirectConstants(16, tileM, tileN), WeightType.Q4_0, 13, 67, 96, GemmMode.Store, ActivationType.F32, Bounds.F32);

    [Test]
    public void The_vector_form_takes_every_type([Values] WeightType type) =>
        CheckTiled(Vectors(2, 3, ActivationType.F32), type, 3, 67, 288, GemmMode.Store, ActivationType.F32, Bounds.F32);

    [Test]
    public void The_vector_form_takes_float16([ValueSource(nameof(MatrixTypes))] WeightType type) =>
        CheckTiled(Vectors(2, 3, ActivationType.F16), type, 3, 67, 288, GemmMode.Store, ActivationType.F32, Bounds.F32);

    [Test]
    public void The_vector_form_matches_the_reference(
        [Values(1, 2, 4)] int rows, [Values(1, 2, 5, 8, 16)] int vectors, [Values(WeightType.F16, WeightType.Q4_0)] WeightType type,
        [Values(1, 7, 17)] int seqLen) =>
        CheckTiled(
            Vectors(rows, vectors, ActivationType.F16), type, seqLen, 67, 160, seqLen == 7 ? GemmMode.Accumulate : GemmMode.Store,
            ActivationType.F32, Bounds.F32);

    [TestCase(WeightType.F16, 1)]
    [TestCase(WeightType.F16, 2)]
    [TestCase(WeightType.Q4_K, 2)]
    public void The_vector_form_takes_long_sums(WeightType type, int unroll) =>
        CheckTiled(
            Vectors(2, 4, ActivationType.F32) with { Unroll = unroll }, type, 4, 33, 4096, GemmMode.Accumulate, ActivationType.F32,
            Bounds.F32);

    [Test]
    public void The_vector_form_stores_float16([Values(1, 5)] int seqLen) =>
        CheckTiled(
            Vectors(2, 4, ActivationType.F16), WeightType.F16, seqLen, 131, 192, GemmMode.Store, ActivationType.F16, Bounds.MatrixF16);

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_matches_the_reference(
        [Values(0, 1, 2)] int tiling, [ValueSource(nameof(MatrixTypes))] WeightType type,
        [Values(1, 33, 65, 128)] int seqLen, [Values] GemmMode mode)
    {
        GemmMatrixConstants constants = MatrixTiling(tiling);
        if ((tiling > 0 || mode == GemmMode.Accumulate) && !HasEveryVariant(type))
        {
            Assert.Inconclusive("a CPU device takes seconds to compile a variant: these types have run with the first tiling, storing");
        }

        CheckTiled(constants, type, seqLen, 67, 160, mode, ActivationType.F32, Bounds.MatrixF16);
        CheckTiled(constants, type, seqLen, 128, 64, mode, ActivationType.F32, Bounds.MatrixF16);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_stores_float16(
        [ValueSource(nameof(MatrixTypes))] WeightType type, [Values(7, 64)] int seqLen)
    {
        GemmMatrixConstants constants = MatrixTiling(0);
        if (!HasEveryVariant(type))
        {
            Assert.Inconclusive("a CPU device takes seconds to compile a variant: these types have stored float32");
        }

        CheckTiled(constants, type, seqLen, 128 + 3, 192, GemmMode.Store, ActivationType.F16, Bounds.MatrixF16);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_flat_form_matches_the_reference(
        [Values(0, 1, 2, 3, 4)] int tiling, [ValueSource(nameof(MatrixTypes))] WeightType type,
        [Values(1, 2, 7, 8, 9)] int seqLen)
    {
        GemmFlatConstants constants = FlatTiling(tiling, mFragments: 1);
        if (tiling > 0 && !HasEveryVariant(type))
        {
            Assert.Inconclusive("a CPU device takes seconds to compile a variant: these types have run with the first tiling");
        }

        CheckTiled(constants, type, seqLen, 67, 160, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
        if (HasEveryVariant(type))
        {
            CheckTiled(constants, type, seqLen, 15, 64, GemmMode.Accumulate, ActivationType.F32, Bounds.MatrixF16);
        }

        CheckTiled(constants, type, seqLen, 33, 4096, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
    }

    [Test]
    [Pairwise]
    [Category("CooperativeMatrix")]
    public void The_flat_form_takes_any_tiling(
        [Values(1, 2)] int subgroupsN, [Values(1, 2)] int subgroupsK, [Values(1, 2)] int stages, [Values] bool shareInput,
        [Values(1, 3)] int depth)
    {
        // A CPU device takes seconds to compile a tiling: the wide slices with half of them.
        GemmFlatConstants tiling = FlatTiling(0, mFragments: 1) with
        {
            SubgroupsN = subgroupsN,
            SubgroupsK = subgroupsK,
            BlockK = stages == depth ? 128 : 64,
            Stages = stages,
            ShareInput = shareInput,
            Depth = depth,
        };
        CheckTiled(tiling, WeightType.F16, 7, 33, 160, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
        CheckTiled(tiling, WeightType.F16, 7, 33, 640, GemmMode.Store, ActivationType.F32, Bounds.MatrixF16);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_flat_form_takes_every_number_of_rows()
    {
        for (int m = 1; m <= 65; m++)
        {
            // A CPU device takes half a minute to compile eight fragments of m: beyond three, others make the rest.
            int fragments = m == 64 ? 8 : Math.Min((m + 7) / 8, 3);
            CheckTiled(FlatTiling(0, fragments), WeightType.F16, m, 65, 128, GemmMode.Accumulate, ActivationType.F32, Bounds.MatrixF16);
        }
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_flat_form_stores_float16([Values(1, 13)] int seqLen) =>
        CheckTiled(FlatTiling(0, mFragments: 1), WeightType.F16, seqLen, 131, 192, GemmMode.Store, ActivationType.F16, Bounds.MatrixF16);

    [Test]
    [Category("CooperativeMatrix")]
    public void Workgroups_that_share_a_tile_match_the_reference(
        [Values(2, 3, 8)] int splits, [Values(1, 2)] int depth, [Values] GemmMode mode, [Values(320, 448)] int columns)
    {
        // Of 320 columns, eight workgroups have five slices.
        GemmMatrixConstants tiling = MatrixTiling(0) with { Splits = splits, Depth = depth };
        CheckTiled(tiling, WeightType.F16, 33, 67, columns, mode, ActivationType.F32, Bounds.MatrixF16);
        CheckTiled(tiling, WeightType.Q4_0, 32, 64, columns, mode, ActivationType.F32, Bounds.MatrixF16);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void Shared_tiles_give_the_same_bits_every_time_and_leave_their_scratch_ready()
    {
        GemmMatrixConstants tiling = MatrixTiling(0) with { Splits = 3 };
        using var harness = new KernelHarness();
        (TestWeights weights, float[] x, float[] _) = Operands(WeightType.F16, 33, 67, 448, GemmMode.Store, ActivationType.F16);
        WeightMatrix w = weights.Upload(harness);
        GpuBuffer a = harness.UploadActivations(x, 33, 448, ActivationType.F16);
        GemmScratch? scratch = Scratch(harness, tiling);
        GuardedBuffer[] outputs = [.. Enumerable.Range(0, 4).Select(_ => harness.OutputActivations(33, 67, ActivationType.F32))];
        foreach (GuardedBuffer output in outputs)
        {
            harness.Run(commands => new GemmKernel(harness.Context).RecordTiled(
                commands, tiling, w, a, output.View, GemmMode.Store, 33, ActivationType.F32, 0, Activations.Stride(67), scratch));
        }

        float[] first = KernelHarness.ReadActivations(outputs[0], 33, 67, ActivationType.F32);
        foreach (GuardedBuffer output in outputs[1..])
        {
            Assert.That(KernelHarness.ReadActivations(output, 33, 67, ActivationType.F32), Is.EqualTo(first));
        }
    }

    /// <summary>So that an answer may be reproducible: an element is the sum of the same products in the same order.</summary>
    [Test]
    public void Tiles_of_every_size_give_the_same_bits([Values] GemmMode mode)
    {
        CheckSameBits(Tilings, mode);
        CheckSameBits([new GemmDirectConstants(16, 1, 4), new GemmDirectConstants(16, 3, 4), new GemmDirectConstants(16, 8, 4)], mode);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void Matrix_tiles_of_every_size_give_the_same_bits([Values] GemmMode mode) => CheckSameBits(
        [.. Enumerable.Range(0, 3).Select(index => MatrixTiling(index) with { RoundsAlike = true })], mode);

    [Test]
    [Category("CooperativeMatrix")]
    public void Tiles_are_not_shared_without_scratch()
    {
        GemmMatrixConstants tiling = MatrixTiling(0) with { Splits = 2 };
        using var harness = new KernelHarness();
        (TestWeights weights, float[] x, float[] _) = Operands(WeightType.F16, 33, 67, 448, GemmMode.Store, ActivationType.F16);
        WeightMatrix w = weights.Upload(harness);
        GpuBuffer a = harness.UploadActivations(x, 33, 448, ActivationType.F16);
        GuardedBuffer output = harness.OutputActivations(33, 67, ActivationType.F32);
        Assert.That(
            () => harness.Run(commands => new GemmKernel(harness.Context).RecordTiled(
                commands, tiling, w, a, output.View, GemmMode.Store, 33, ActivationType.F32, 0, Activations.Stride(67))),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("scratch"));
    }

    [TestCase(0, 1, WeightType.F16, 33, 67, ActivationFunction.Silu)]
    [TestCase(1, 3, WeightType.F16, 32, 64, ActivationFunction.Gelu)]
    [TestCase(1, 1, WeightType.Q4_K, 17, 40, ActivationFunction.Silu)]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_gates(int tiling, int splits, WeightType type, int seqLen, int width, ActivationFunction function) =>
        CheckGated(GatedTiling(tiling) with { Splits = splits }, type, seqLen, width, function);

    [TestCase(0, WeightType.F16, 1, 33, ActivationFunction.Silu)]
    [TestCase(2, WeightType.F16, 7, 67, ActivationFunction.Gelu)]
    [TestCase(4, WeightType.F16, 9, 64, ActivationFunction.Relu)]
    [TestCase(0, WeightType.Q4_K, 8, 40, ActivationFunction.Silu)]
    [Category("CooperativeMatrix")]
    public void The_flat_form_gates(int tiling, WeightType type, int seqLen, int width, ActivationFunction function) =>
        CheckGated(FlatTiling(tiling, mFragments: 1), type, seqLen, width, function);

    [Test]
    public void The_bounds_see_one_lost_chunk()
    {
        var weights = TestWeights.Create(WeightType.Q8_0, 65, 4096, 1);
        float[] x = TestValues.Normal(7 * 4096, 2);
        double[] expected = Reference(weights, x, 7, []);
        float[] got = Array.ConvertAll(expected, value => (float)value);
        Comparison.AssertClose(got, expected, Bounds.MatrixF16);
        for (int k = 112; k < 128; k++)
        {
            got[3] -= (float)(x[k] * weights.Values[(3 * 4096) + k]);
        }

        Assert.That(Comparison.Measure(got, expected).MaxAbs, Is.GreaterThan(Bounds.MatrixF16.MaxAbs).And.GreaterThan(Bounds.F32.MaxAbs));
    }

    [Test]
    public void A_matrix_over_the_binding_range_is_cut()
    {
        // Slices as Record makes them, with the offsets of their outputs.
        using var harness = new KernelHarness();
        var weights = TestWeights.Create(WeightType.F16, 150, 64, 1);
        WeightMatrix w = weights.Upload(harness);
        var kernel = new GemmKernel(harness.Context);
        ActivationType type = kernel.PreferredInput(WeightType.F16);
        float[] x = TestValues.Normal(5 * 64, 2, type);
        GpuBuffer a = harness.UploadActivations(x, 5, 64, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(5, 150, ActivationType.F32);
        harness.Run(commands =>
        {
            for (int first = 0; first < 150; first += 64)
            {
                kernel.RecordTiled(
                    commands, new GemmDirectConstants(8, 8, 1), w.Slice(first, Math.Min(64, 150 - first)), a, output.View,
                    GemmMode.Store, 5, ActivationType.F32, first, Activations.Stride(150));
            }
        });
        Comparison.AssertClose(KernelHarness.ReadActivations(output, 5, 150, ActivationType.F32), Reference(weights, x, 5, []), Bounds.F32);
    }

    [Test]
    public void Parts_of_different_types_are_columns_of_one_output()
    {
        using var harness = new KernelHarness();
        TestWeights[] parts = [TestWeights.Create(WeightType.Q4_K, 33, 256, 1), TestWeights.Create(WeightType.F16, 40, 256, 2)];
        var kernel = new GemmKernel(harness.Context);
        var stack = new StackedWeights([.. parts.Select(part => part.Upload(harness))]);
        float[] x = TestValues.Normal(5 * 256, 3);
        GpuBuffer a = harness.UploadActivations(x, 5, 256, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(5, 73, ActivationType.F32);
        harness.Run(commands => kernel.Record(commands, stack, a, output.View, GemmMode.Store, 5, inputType: ActivationType.F32));
        double[][] references = [.. parts.Select(part => Reference(part, x, 5, []))];
        double[] expected =
            [.. Enumerable.Range(0, 5).SelectMany(m => references[0].Skip(m * 33).Take(33).Concat(references[1].Skip(m * 40).Take(40)))];
        Comparison.AssertClose(KernelHarness.ReadActivations(output, 5, 73, ActivationType.F32), expected, Bounds.F32);
        Assert.That(kernel.PreferredInput(stack), Is.EqualTo(ActivationType.F32), "33 rows are no whole 16 bytes of float16");
    }

    [Test]
    public void Too_much_shared_memory_is_refused_before_a_pipeline_is_made()
    {
        using var harness = new KernelHarness();
        WeightMatrix w = TestWeights.Create(WeightType.F32, 64, 64, 1).Upload(harness);
        GpuBuffer a = harness.UploadActivations(new float[64], 1, 64, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(1, 64, ActivationType.F32);
        var tiling = new GemmTiledConstants(16, 16, 32, 32);
        Assert.That(
            () => harness.Run(commands => new GemmKernel(harness.Context).RecordTiled(
                commands, tiling, w, a, output.View, GemmMode.Store, 1, ActivationType.F32, 0, 64)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contain("bytes of shared memory"));
    }

    /// <summary>
    /// Whether this type runs in every variant of the matrix forms here: how a shader stores does not depend on how it reads weights, and a
    /// processor takes seconds to compile a variant.
    /// </summary>
    private static bool HasEveryVariant(WeightType type) =>
        type is WeightType.F16 or WeightType.Q4_0 || GpuFixture.Device.Info.Type != DeviceType.Software;

    private static GemmMatrixConstants MatrixTiling(int index)
    {
        MatrixShape? fragment = MatrixUnits.Find(Device.Capabilities);
        if (fragment is null || !ShaderLibrary.Contains("gemm_f16_f16_coopmat"))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        // A CPU device compiles every product of fragments to hundreds of instructions: few per subgroup there.
        GemmMatrixConstants[] tilings = GpuFixture.Device.Info.Type == DeviceType.Software
            ? [new(16, 16, 2, 2, fragment!), new(16, 32, 2, 2, fragment!), new(8, 32, 1, 4, fragment!)]
            : [new(128, 128, 2, 2, fragment!), new(64, 64, 2, 2, fragment!), new(16, 64, 1, 4, fragment!)];
        if (tilings[index].SharedMemoryBytes > Device.Capabilities.MaxSharedMemoryBytes)
        {
            Assert.Inconclusive("the tile does not fit into the device's shared memory");
        }

        return tilings[index];
    }

    /// <summary>As <see cref="MatrixTiling"/>, with an even number of fragments for each subgroup.</summary>
    private static GemmMatrixConstants GatedTiling(int index)
    {
        GemmMatrixConstants tiling = MatrixTiling(index);
        return GpuFixture.Device.Info.Type == DeviceType.Software ? tiling with { BlockN = 2 * tiling.BlockN } : tiling;
    }

    private static GemmVectorsConstants Vectors(int rows, int vectors, ActivationType input) =>
        new(4 * Device.Capabilities.SubgroupSize, rows, vectors, Device.Capabilities.MinSubgroupSize, Unroll: 1, input);

    private static GemmFlatConstants FlatTiling(int index, int mFragments)
    {
        MatrixShape? fragment = MatrixUnits.FindNarrow(Device.Capabilities);
        if (fragment is null || !ShaderLibrary.Contains("gemm_f16_f16_flat"))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        GemmFlatConstants[] tilings =
            [
            new(1, mFragments, 1, 4, fragment!), new(1, mFragments, 2, 2, fragment!), new(2, mFragments, 2, 1, fragment!),
            new(1, mFragments, 1, 2, fragment!, BlockK: 128, Stages: 1),
            new(1, mFragments, 2, 2, fragment!, BlockK: 128, Stages: 1, ShareInput: true),
        ];
        return tilings[index];
    }

    private static void Check(WeightType type, int seqLen, int rows, int columns, GemmMode mode)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        using var harness = new KernelHarness();
        var kernel = new GemmKernel(harness.Context);
        ActivationType inputType = kernel.PreferredInput(type);
        (TestWeights weights, float[] x, float[] before) = Operands(type, seqLen, rows, columns, mode, inputType);
        WeightMatrix w = weights.Upload(harness);
        GpuBuffer a = harness.UploadActivations(x, seqLen, columns, inputType);
        GuardedBuffer output = before.Length > 0
            ? harness.OutputActivations(before, seqLen, rows, ActivationType.F32)
            : harness.OutputActivations(seqLen, rows, ActivationType.F32);
        harness.Run(commands => kernel.Record(commands, w, a, output.View, mode, seqLen));
        Bound bound = inputType == ActivationType.F32 ? Bounds.F32 : Bounds.MatrixF16;
        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, seqLen, rows, ActivationType.F32), Reference(weights, x, seqLen, before), bound);
    }

    private static void CheckSameBits(IGemmTiling[] tilings, GemmMode mode)
    {
        // Whole tiles and tiles at an edge.
        const int SeqLen = 133;
        const int Rows = 192 + 3;
        using var harness = new KernelHarness();
        (TestWeights weights, float[] x, float[] before) = Operands(WeightType.Q8_0, SeqLen, Rows, 320, mode, tilings[0].Input);
        WeightMatrix w = weights.Upload(harness);
        GpuBuffer a = harness.UploadActivations(x, SeqLen, 320, tilings[0].Input);
        float[][] results = [.. tilings.Select(tiling =>
        {
            GuardedBuffer output = before.Length > 0
                ? harness.OutputActivations(before, SeqLen, Rows, ActivationType.F32)
                : harness.OutputActivations(SeqLen, Rows, ActivationType.F32);
            harness.Run(commands => new GemmKernel(harness.Context).RecordTiled(
                commands, tiling, w, a, output.View, mode, SeqLen, ActivationType.F32, 0, Activations.Stride(Rows)));
            return KernelHarness.ReadActivations(output, SeqLen, Rows, ActivationType.F32);
        })];
        for (int i = 1; i < results.Length; i++)
        {
            Assert.That(results[i], Is.EqualTo(results[0]), $"{tilings[i]} and {tilings[0]}");
        }
    }

    private static void CheckTiled(
        IGemmTiling tiling, WeightType type, int seqLen, int rows, int columns, GemmMode mode, ActivationType outputType, Bound bound)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        using var harness = new KernelHarness();
        ActivationType inputType = tiling.Input;
        (TestWeights weights, float[] x, float[] before) = Operands(type, seqLen, rows, columns, mode, inputType);
        WeightMatrix w = weights.Upload(harness);

        // Rows beyond the last, where a form reads them, hold what must not matter.
        int inputRows = tiling.InputRows(seqLen);
        float[] padded = [.. x, .. Enumerable.Repeat(float.NaN, (inputRows - seqLen) * columns)];
        GpuBuffer a = harness.UploadActivations(padded, inputRows, columns, inputType);
        GuardedBuffer output = before.Length > 0
            ? harness.OutputActivations(before, seqLen, rows, outputType)
            : harness.OutputActivations(seqLen, rows, outputType);
        GemmScratch? scratch = Scratch(harness, tiling);
        harness.Run(commands => new GemmKernel(harness.Context).RecordTiled(
            commands, tiling, w, a, output.View, mode, seqLen, outputType, 0, Activations.Stride(rows), scratch));
        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, seqLen, rows, outputType), Reference(weights, x, seqLen, before), bound);
    }

    private static void CheckGated(IGatedGemmTiling constants, WeightType type, int seqLen, int width, ActivationFunction function)
    {
        int columns = TestWeights.WholeBlocks(type, 160);
        using var harness = new KernelHarness();
        (TestWeights weights, float[] x, float[] _) = Operands(type, seqLen, 2 * width, columns, GemmMode.Store, ActivationType.F16);
        WeightMatrix w = weights.Upload(harness);
        int inputRows = constants.InputRows(seqLen);
        float[] padded = [.. x, .. Enumerable.Repeat(float.NaN, (inputRows - seqLen) * columns)];
        GpuBuffer a = harness.UploadActivations(padded, inputRows, columns, ActivationType.F16);
        GemmScratch? scratch = Scratch(harness, constants);
        GuardedBuffer output = harness.OutputActivations(seqLen, width, ActivationType.F16);
        harness.Run(
            commands => new GemmKernel(harness.Context).RecordGated(commands, constants, w, a, output.View, function, seqLen, scratch));
        double[] products = Reference(weights, x, seqLen, []);
        double[] expected = new double[seqLen * width];
        for (int i = 0; i < expected.Length; i++)
        {
            int at = (i / width * 2 * width) + (i % width);
            expected[i] = ReferenceActivation.Apply(function, products[at]) * products[at + width];
        }

        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, width, ActivationType.F16), expected, Bounds.MatrixF16);
    }

    private static GemmScratch? Scratch(KernelHarness harness, IGemmTiling tiling) => tiling.Splits > 1
        ? new GemmScratch(harness.Upload<byte>(new byte[GemmScratch.SizeInBytes(harness.Context.Capabilities)]))
        : null;

    private static (TestWeights Weights, float[] X, float[] Before) Operands(
        WeightType type, int seqLen, int rows, int columns, GemmMode mode, ActivationType inputType) =>
        (TestWeights.Create(type, rows, columns, 11),
            TestValues.Normal(seqLen * columns, 12, inputType),
            mode == GemmMode.Accumulate ? TestValues.Normal(seqLen * rows, 13) : []);

    private static double[] Reference(TestWeights weights, float[] x, int seqLen, float[] before)
    {
        (int rows, int columns) = (weights.Rows, weights.Columns);
        double[] y = new double[seqLen * rows];
        for (int m = 0; m < seqLen; m++)
        {
            for (int n = 0; n < rows; n++)
            {
                double sum = before.Length > 0 ? before[(m * rows) + n] : 0.0;
                for (int k = 0; k < columns; k++)
                {
                    sum += x[(m * columns) + k] * weights.Values[(n * columns) + k];
                }

                y[(m * rows) + n] = sum;
            }
        }

        return y;
    }
}

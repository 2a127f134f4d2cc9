using VkInfer.Kernels.Tests.Mlp;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Moe;

/// <summary>Products of tokens that are grouped by their experts, against double precision.</summary>
public sealed class GroupedGemmKernelTests : GpuTest
{
    private const int Experts = 6;

    private static readonly GemmTiledConstants[] Tilings = [new(8, 16, 4, 4), new(8, 16, 1, 4), new(8, 8, 2, 8)];

    /// <summary>Which experts tokens go to.</summary>
    public enum Load
    {
        /// <summary>All go to one expert, and their second ones differ; an expert has one, and another none.</summary>
        Uneven,

        /// <summary>One expert for each token: as many as a tile has, one fewer, one more, one, and none at both ends.</summary>
        AtEdges,

        /// <summary>Every token goes to every expert.</summary>
        Everywhere,

        /// <summary>One token.</summary>
        OneToken,
    }

    [Test]
    public void Pairs_stand_in_the_order_of_their_experts([Values] Load load, [Values(1, 7, 16)] int tileRows, [Values] bool isSoftware)
    {
        (uint[] chosen, int used) = Choice(load, tileRows);
        using var harness = new KernelHarness();
        var grouping = new ExpertGrouping(new GemmDirectConstants(8, tileRows, 4), chosen.Length / used, Experts, used);
        GuardedBuffer order = harness.Output<uint>(new uint[chosen.Length]);
        GuardedBuffer tiles = harness.Output<uint>(new uint[ExpertGroups.TileBytes(chosen.Length) / sizeof(uint)]);
        GpuBuffer choice = harness.Upload<uint>(chosen);
        harness.Run(commands => new GroupedGemmKernel(harness.Context with { IsSoftware = isSoftware }).RecordGroups(
            commands, grouping, choice, new ExpertGroups(order.View, tiles.View)));

        uint[] expectedOrder = [.. Enumerable.Range(0, chosen.Length).OrderBy(pair => chosen[pair]).Select(pair => (uint)pair)];
        var expectedTiles = new List<uint>();
        for (int first = 0; first < chosen.Length;)
        {
            uint expert = chosen[expectedOrder[first]];
            int end = Math.Min(first + tileRows, chosen.Count(other => other <= expert));
            expectedTiles.AddRange([expert, (uint)first, (uint)end, 0]);
            first = end;
        }

        uint[] actual = tiles.Read<uint>();
        Assert.Multiple(() =>
        {
            Assert.That(order.Read<uint>(), Is.EqualTo(expectedOrder));
            Assert.That(actual[0], Is.EqualTo(expectedTiles.Count / 4).And.AtMost(grouping.MostTiles));
            Assert.That(actual.Skip(4).Take(expectedTiles.Count), Is.EqualTo(expectedTiles));
        });
    }

    [Test]
    public void The_direct_form_takes_every_type([Values] WeightType type) =>
        Check(new GemmDirectConstants(Device.Capabilities.SubgroupSize, 4, 4), type, Load.Uneven, 288, 37, biased: false);

    [Test]
    public void The_direct_form_takes_any_load(
        [Values] Load load, [Values(2, 8)] int tileM, [Values(WeightType.F32, WeightType.MXFP4)] WeightType type, [Values] bool biased) =>
        Check(new GemmDirectConstants(Device.Capabilities.SubgroupSize, tileM, 4), type, load, 96, 37, biased);

    [Test]
    public void The_tiled_form_takes_any_load(
        [Values] Load load, [Values(0, 1, 2)] int tiling,
        [ValueSource(typeof(TestWeights), nameof(TestWeights.ChunkSizes))] WeightType type) =>
        Check(Tilings[tiling], type, load, 160, tiling == 0 ? 130 : 37, biased: load == Load.AtEdges);

    /// <summary>Rows of gpt-oss: whole blocks of 32, of none larger.</summary>
    [Test]
    public void Scalar_forms_take_rows_of_2880()
    {
        Check(Tilings[1], WeightType.MXFP4, Load.Uneven, 2880, 21, biased: true);
        Check(new GemmDirectConstants(Device.Capabilities.SubgroupSize, 4, 4), WeightType.MXFP4, Load.Uneven, 2880, 21, biased: true);
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_takes_any_load([Values] Load load, [Values] bool biased) =>
        Check(MatrixTiling(load == Load.AtEdges), WeightType.F16, load, 160, 37, biased);

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_takes_every_type([Values] WeightType type)
    {
        if (type == WeightType.F32 || (Device.Info.Type == DeviceType.Software && type is not (WeightType.MXFP4 or WeightType.Q4_K)))
        {
            Assert.Inconclusive("weights of float32 have no such form, and a CPU device takes seconds to compile a variant");
        }

        Check(MatrixTiling(large: true), type, Load.Uneven, 288, 67, biased: false);
    }

    /// <summary>What tokens cost alone says when they are grouped; the choice is the same for all layers of a model.</summary>
    [TestCase(WeightType.F32, 15, false)]
    [TestCase(WeightType.F32, 16, true)]
    [TestCase(WeightType.Q8_0, 500, true)]
    public void Tokens_are_grouped_when_experts_have_two_each(WeightType type, int seqLen, bool isGrouped)
    {
        using var harness = new KernelHarness();
        WeightMatrix gateUp = TestWeights.Create(type, 2 * 16 * 32, 64, 1).Upload(harness);
        WeightMatrix down = TestWeights.Create(type, 16 * 64, 32, 1).Upload(harness);
        ExpertGrouping? grouping = new GroupedGemmKernel(harness.Context).Choose(gateUp, down, seqLen, experts: 16, used: 2);
        Assert.That(grouping is not null, Is.EqualTo(isGrouped));
    }

    [Test]
    public void A_form_that_is_left_out_is_not_chosen()
    {
        using var harness = new KernelHarness();
        WeightMatrix gateUp = TestWeights.Create(WeightType.Q8_0, 2 * 4 * 32, 64, 1).Upload(harness);
        WeightMatrix down = TestWeights.Create(WeightType.Q8_0, 4 * 64, 32, 1).Upload(harness);
        var kernel = new GroupedGemmKernel(harness.Context);
        ExpertGrouping grouping = kernel.Choose(gateUp, down, 64, experts: 4, used: 2)!;
        harness.Context.Forms.LeaveOut(GroupedGemmKernel.FormOf(WeightType.Q8_0, grouping.Tiling), "a test");
        Assert.That(kernel.Choose(gateUp, down, 64, experts: 4, used: 2), Is.Null);
    }

    private static (uint[] Chosen, int Used) Choice(Load load, int tileRows) => load switch
    {
        Load.Uneven => ([.. Enumerable.Range(0, 37).SelectMany(token => new[] { 2u, token == 20 ? 5u : (uint)(token % 2 * 3) })], 2),
        Load.AtEdges => (Mixed([.. Enumerable.Repeat(1u, tileRows), .. Enumerable.Repeat(2u, tileRows - 1),
            .. Enumerable.Repeat(3u, tileRows + 1), 4u]), 1),
        Load.Everywhere => (
            [.. from token in Enumerable.Range(0, 9) from i in Enumerable.Range(0, Experts) select (uint)((i + token) % Experts)], Experts),
        _ => ([4u, 1u], 2),
    };

    private static uint[] Mixed(uint[] experts)
    {
        new Random(3).Shuffle(experts);
        return experts;
    }

    private static GemmMatrixConstants MatrixTiling(bool large)
    {
        if (MatrixUnits.Find(Device.Capabilities) is not { } fragment || !ShaderLibrary.Contains("gemm_f16_f16_coopmat"))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
            return null!;
        }

        // A CPU device compiles every product of fragments to hundreds of instructions: few per subgroup there.
        return Device.Info.Type == DeviceType.Software
            ? new(2 * fragment.M, 4 * fragment.N, 2, 2, fragment)
            : large ? new(64, 64, 2, 2, fragment) : new(16, 128, 1, 4, fragment);
    }

    private static void Check(IGroupedGemmTiling tiling, WeightType type, Load load, int columns, int width, bool biased)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        (uint[] chosen, int used) = Choice(load, tiling.BlockM);
        (int pairs, int seqLen) = (chosen.Length, chosen.Length / used);
        ActivationFunction function = biased ? ActivationFunction.ClampedSwiglu : ActivationFunction.Silu;
        using var gateUp = PackedWeights.Random(Device, type, 2 * Experts * width, columns, 1);
        using var down = PackedWeights.Random(Device, type, Experts * width, columns, 2);
        using var alone = PackedWeights.Random(Device, type, Experts * width, columns, 7);
        float[] tokens = TestValues.Normal(seqLen * columns, 3, tiling.Input);
        float[] middle = TestValues.Normal(pairs * columns, 4, tiling.Input);
        float[] upBias = TestValues.Normal(2 * Experts * width, 5);
        float[] downBias = TestValues.Normal(Experts * width, 6);
        using var harness = new KernelHarness();
        GpuBuffer x = harness.UploadActivations(tokens, seqLen, columns, tiling.Input);
        GpuBuffer mlp = harness.UploadActivations(middle, pairs, columns, tiling.Input);
        GpuBuffer choice = harness.Upload<uint>(chosen);
        (GpuBuffer ups, GpuBuffer downs) = (harness.Upload<float>(upBias), harness.Upload<float>(downBias));
        GuardedBuffer gated = harness.OutputActivations(pairs, width, tiling.Input);
        GuardedBuffer activated = harness.OutputActivations(pairs, width, tiling.Input);
        GuardedBuffer plain = harness.OutputActivations(pairs, width, ActivationType.F32);
        var groups = new ExpertGroups(
            harness.Output<uint>(new uint[pairs]).View, harness.Output<byte>(new byte[ExpertGroups.TileBytes(pairs)]).View);
        var grouping = new ExpertGrouping(tiling, seqLen, Experts, used);
        harness.Run(commands =>
        {
            var kernel = new GroupedGemmKernel(harness.Context);
            kernel.RecordGroups(commands, grouping, choice, groups);
            kernel.RecordGated(commands, grouping, groups, gateUp.Matrix, x, gated.View, function, biased ? (BufferView)ups : null);
            kernel.RecordActivated(
                commands, grouping, groups, alone.Matrix, x, activated.View, ActivationFunction.ReluSquared,
                biased ? (BufferView)downs : null);
            kernel.RecordDown(commands, grouping, groups, down.Matrix, mlp, plain.View, biased ? (BufferView)downs : null);
        });

        double[][] rows = [.. tokens.Chunk(columns).Select(row => Array.ConvertAll(row, value => (double)value))];
        double[][] ofTokens = [.. rows.Select(row => gateUp.Multiply(row))];
        double[][] alones = [.. rows.Select(row => alone.Multiply(row))];
        var expectedGated = new List<double>();
        var expectedActivated = new List<double>();
        var expectedPlain = new List<double>();
        for (int pair = 0; pair < pairs; pair++)
        {
            double[] ofPair = down.Multiply([.. middle.AsSpan(pair * columns, columns).ToArray().Select(value => (double)value)]);
            for (int i = 0; i < width; i++)
            {
                int gate = ((int)chosen[pair] * width) + i;
                int up = (Experts * width) + gate;
                double[] product = ofTokens[pair / used];
                expectedGated.Add(ReferenceActivation.Gated(
                    function, product[gate] + (biased ? upBias[gate] : 0), product[up] + (biased ? upBias[up] : 0)));
                expectedActivated.Add(ReferenceActivation.Apply(
                    ActivationFunction.ReluSquared, alones[pair / used][gate] + (biased ? downBias[gate] : 0)));
                expectedPlain.Add(ofPair[gate] + (biased ? downBias[gate] : 0));
            }
        }

        Bound bound = tiling.Input == ActivationType.F16 ? Bounds.MatrixF16 : GemvForms.BoundOf(type);
        Comparison.AssertClose(KernelHarness.ReadActivations(gated, pairs, width, tiling.Input), [.. expectedGated], bound, "gated");
        Comparison.AssertClose(
            KernelHarness.ReadActivations(activated, pairs, width, tiling.Input), [.. expectedActivated], bound, "activated");
        Comparison.AssertClose(KernelHarness.ReadActivations(plain, pairs, width, ActivationType.F32), [.. expectedPlain], bound, "plain");
    }
}

using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Prefill attention of runs of rows of several sequences in one dispatch, and the rows that the device resolves first.</summary>
public sealed class RunAttentionTests : GpuTest
{
    private const int ActivationRows = 60;

    [Test]
    public void Each_run_attends_to_its_own_tokens(
        [Values] KvType kvType, [Values(0, 40)] int window, [Values] SoftmaxScheme scheme) => Check(false, kvType, window, scheme);

    [Test]
    public void Each_text_is_seen_in_both_directions(
        [Values] KvType kvType, [Values(0, 1, 12)] int window, [Values] SoftmaxScheme scheme) =>
        Check(false, kvType, window, scheme, seesLater: true);

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_sees_both_directions_too(
        [Values(0, 1, 12)] int window, [Values] SoftmaxScheme scheme, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        Check(true, kvType, window, scheme, seesLater: true);

    [Test]
    public void Values_may_be_keys([Values] KvType kvType, [Values] SoftmaxScheme scheme, [Values(16, 576)] int headDim) =>
        Check(false, kvType, 0, scheme, headDim, hasKeysAsValues: true);

    /// <summary>Latent attention makes float32 queries, which the form on the matrix units would take for float16.</summary>
    [Test]
    [Category("CooperativeMatrix")]
    public void Values_that_are_keys_take_float32_queries_on_matrix_units_too()
    {
        var shape = new AttentionShape(4, 1, 96, 0, RopePairing.Interleaved, 150, KvType.F16, 0.1f);
        if (PrefillAttentionHeuristic.Matrix(Device.Capabilities, false, shape, SoftmaxScheme.Synchronized, 1) is null)
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        var kernel = new PrefillAttentionKernel(new KernelContext(Device) { IsSoftware = false });
        Assert.That(kernel.QueryType(shape with { HasKeysAsValues = true }), Is.EqualTo(ActivationType.F32));
    }

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_does_so_too(
        [Values(0, 40)] int window, [Values] SoftmaxScheme scheme, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        Check(true, kvType, window, scheme);

    [Test]
    public void Tokens_and_positions_of_step_states_are_taken_over()
    {
        using var harness = new KernelHarness();
        var shape = new AttentionShape(2, 2, 16, 16, RopePairing.Interleaved, 100, KvType.F32, 1);
        PagedCache cache = harness.Pages(shape, null, null);
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = 77, TokenId = 1234 }]);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()), cache.Keeps(harness.Stats(), state));
        RowEntry[] first = [new(0, 5, 0, 9), new(1, 0, 1, RowEntry.OfStepState)];
        RowEntry[] second = [new(7, 80, 1, RowEntry.TokenOfStepState)];
        GpuBuffer plan = harness.Upload<RowEntry>([.. RowList.WithHead(first), default, default, .. RowList.WithHead(second)]);
        GuardedBuffer resolved = harness.Output<RowEntry>(new RowEntry[7]);
        harness.Run(commands => new ResolveRowsKernel(harness.Context).Record(commands, plan, sequences, resolved.View));
        Assert.That(resolved.Read<RowEntry>(), Is.EqualTo(new RowEntry[]
        {
            new(2, 0, 0, 0), new(0, 5, 0, 9), new(1, 77, 1, 1234), default, default, new(1, 0, 0, 0), new(7, 80, 1, 1234),
        }));
    }

    private void Check(
        bool isMatrix, KvType kvType, int window, SoftmaxScheme scheme, int headDim = 16, bool hasKeysAsValues = false,
        bool seesLater = false)
    {
        using var harness = new KernelHarness();
        var shape = new AttentionShape(4, 2, headDim, 0, RopePairing.Interleaved, 150, kvType, 1 / MathF.Sqrt(headDim), window)
        {
            HasKeysAsValues = hasKeysAsValues,
            SeesLater = seesLater,
        };
        IPrefillAttentionTiling? tiling = isMatrix
            ? PrefillAttentionHeuristic.Matrix(Device.Capabilities, harness.Context.IsSoftware, shape, scheme, ActivationRows)
            : PrefillAttentionHeuristic.Scalar(Device.Capabilities, harness.Context.IsSoftware, shape.HeadDim);
        if (tiling is null || (isMatrix && !ShaderLibrary.Contains(PrefillAttentionKernel.MatrixForm(kvType))))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        // A prompt from its beginning, one behind a page's middle, and drafts behind a page's end; rows between them are nobody's.
        // Texts that are seen in both directions are there whole.
        RowEntry[] runs = seesLater ? [new(0, 0, 0, 33), new(35, 0, 1, 19), new(55, 0, 2, 3)]
            : [new(0, 0, 0, 33), new(35, 17, 1, 19), new(55, 96, 2, 3)];
        ActivationType queryType = isMatrix ? ActivationType.F16 : ActivationType.F32;
        float[] query = TestValues.Normal(ActivationRows * shape.QueryWidth, 1, queryType, 2);
        double[] expected = new double[query.Length];
        var keeps = new List<SequenceKeeps>();
        KvLayer layer = default;
        foreach (RowEntry run in runs)
        {
            int count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
            int length = (int)(run.Position + run.Value);
            float[] k = CachedTokens.Prepare(Buffers.Random(10 + keeps.Count, count, -2, 2), shape, length, float.NaN);
            float[] v = hasKeysAsValues ? k
                : CachedTokens.Prepare(Buffers.Random(20 + keeps.Count, count, -2, 2), shape, length, float.NaN);
            PagedCache cache = harness.Pages(shape, k, v);
            keeps.Add(cache.Keeps(harness.Stats()));
            layer = cache.Layer;
            for (int i = 0; i < run.Value; i++)
            {
                int at = ((int)run.Row + i) * shape.QueryWidth;
                int visible = seesLater ? length : (int)run.Position + i + 1;
                CachedTokens.Attend(shape, visible, query.AsSpan(at, shape.QueryWidth), k, v, seesLater ? i : null)
                    .CopyTo(expected, at);
            }
        }

        SequenceTable sequences = harness.Sequences([.. keeps]);
        RowList tiles = harness.Rows(
            [.. runs.SelectMany(run => RowList.Tiles(run, tiling.BlockQ, seesLater)).OrderByDescending(tile => tile.Position)]);
        GpuBuffer q = harness.UploadActivations(query, ActivationRows, shape.QueryWidth, queryType);
        GuardedBuffer output = harness.OutputActivations(new float[query.Length], ActivationRows, shape.QueryWidth, ActivationType.F32);
        AttentionSoftmax softmax = scheme == SoftmaxScheme.Asynchronized
            ? AttentionSoftmax.Asynchronized(0, -20, 10)
            : new AttentionSoftmax(scheme);
        harness.Run(commands => new PrefillAttentionKernel(harness.Context).RecordTiled(
            commands, tiling, shape, softmax, tiles, sequences, layer, q, output.View, ActivationRows, ActivationType.F32));
        float[] got = KernelHarness.ReadActivations(output, ActivationRows, shape.QueryWidth, ActivationType.F32);
        Comparison.AssertClose(got, expected, isMatrix ? Bounds.MatrixF16 : Bounds.AttentionF32);
        Assert.That(
            keeps.Select(sequence => SoftmaxStats.Read(Device, sequence.SoftmaxStats).Rows),
            Is.EqualTo(runs.Select(run => scheme == SoftmaxScheme.Asynchronized ? run.Value * shape.NumHeads : 0)));
    }
}

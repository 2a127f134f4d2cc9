using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

[TestFixture(SoftmaxScheme.Synchronized)]
[TestFixture(SoftmaxScheme.Asynchronized)]
public sealed class PrefillAttentionKernelTests(SoftmaxScheme scheme) : GpuTest
{
    [Test]
    public void Any_head_matches_the_reference(
        [Values(1, 4, 7)] int groupSize, [Values(8, 64, 80, 128)] int headDim, [Values] KvType kvType, [Values(0, 45)] int startPosition) =>
        Check(Shape(groupSize, headDim, kvType), 33, startPosition, ActivationType.F32);

    [Test]
    public void Any_length_matches_the_reference(
        [Values(1, 2, 7, 31, 32, 33, 64, 65, 111)] int seqLen, [Values(0, 1, 31, 32)] int startPosition, [Values] KvType kvType) =>
        Check(Shape(2, 16, kvType), seqLen, startPosition, ActivationType.F32);

    [Test]
    public void The_output_may_be_float16([Values(48, 64)] int headDim, [Values] KvType kvType, [Values(7, 64)] int seqLen) =>
        Check(Shape(2, headDim, kvType), seqLen, 3, ActivationType.F16);

    [Test]
    public void A_window_and_a_bound_match_the_reference(
        [Values(1, 5, 32, 70)] int window, [Values(0f, 3f)] float cap, [Values(1, 33, 65)] int seqLen, [Values(0, 45)] int startPosition,
        [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        Check(Shape(2, 16, kvType) with { Window = window, LogitSoftCap = cap }, seqLen, startPosition, ActivationType.F32);

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_matches_the_reference(
        [Values(1, 7)] int groupSize, [Values(16, 48, 128)] int headDim, [Values(1, 31, 33, 64, 65)] int seqLen,
        [Values(0, 45)] int startPosition, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        CheckMatrix(Shape(groupSize, headDim, kvType), seqLen, startPosition);

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_knows_windows_and_bounds(
        [Values(1, 5, 32, 70)] int window, [Values(0f, 3f)] float cap, [Values(1, 65)] int seqLen, [Values(0, 45)] int startPosition,
        [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        CheckMatrix(Shape(2, 16, kvType) with { Window = window, LogitSoftCap = cap }, seqLen, startPosition);

    [Test]
    public void Large_heads_fit_into_shared_memory(
        [Values(256, 512)] int headDim, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        Check(Shape(1, headDim, kvType), 19, 2, ActivationType.F32);

    [Test]
    public void Large_scores_do_not_overflow()
    {
        // Scores of some thousands: exp would overflow without the running maximum.
        Check(Shape(1, 64, KvType.F32) with { Scale = 30 }, 40, 0, ActivationType.F32);
    }

    [Test]
    public void The_bounds_see_one_token_too_many()
    {
        AttentionShape shape = Shape(1, 64, KvType.F32);
        (float[] query, float[] keys, float[] values) = Operands(shape, 65, ActivationType.F32, 65);
        double[] right = Reference(query, keys, values, shape, 65, 0, keysTooMany: 0);
        double[] wrong = Reference(query, keys, values, shape, 65, 0, keysTooMany: 1);
        Assert.That(
            Comparison.Measure(Array.ConvertAll(wrong, value => (float)value), right).MaxAbs, Is.GreaterThan(Bounds.MatrixF16.MaxAbs));
    }

    private static AttentionShape Shape(int groupSize, int headDim, KvType kvType) =>
        new(2 * groupSize, 2, headDim, headDim, RopePairing.SplitHalf, 150, kvType, 1 / MathF.Sqrt(headDim));

    [Test]
    [Category("CooperativeMatrix")]
    public void The_matrix_form_takes_any_tiling(
        [Values(1, 2)] int rowFragments, [Values(1, 2)] int unitsPerBlock, [Values(17, 64)] int seqLen,
        [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        CheckMatrix(
            Shape(2, 16, kvType), seqLen, 45,
            tiling => tiling with { RowFragments = rowFragments, Subgroups = 2, UnitKv = 16, BlockKv = 16 * unitsPerBlock });

    private void CheckMatrix(
        AttentionShape shape, int seqLen, int startPosition,
        Func<PrefillAttentionMatrixConstants, PrefillAttentionMatrixConstants>? change = null)
    {
        PrefillAttentionMatrixConstants? tiling = PrefillAttentionHeuristic.Matrix(
            Device.Capabilities, Device.Info.Type == DeviceType.Software, shape, scheme, seqLen);
        if (tiling is null || !ShaderLibrary.Contains(PrefillAttentionKernel.MatrixForm(shape.KvType)))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        if (shape.HeadDim > 64 && Device.Info.Type == DeviceType.Software)
        {
            Assert.Inconclusive("a CPU device takes minutes to compile this many products of fragments");
        }

        Check(shape, seqLen, startPosition, seqLen == 33 ? ActivationType.F16 : ActivationType.F32, change?.Invoke(tiling) ?? tiling);
    }

    private void Check(
        AttentionShape shape, int seqLen, int startPosition, ActivationType outputType, PrefillAttentionMatrixConstants? tiling = null)
    {
        using var harness = new KernelHarness();
        var kernel = new PrefillAttentionKernel(harness.Context);
        ActivationType queryType = tiling is null ? kernel.QueryType(shape) : ActivationType.F16;
        int kvLen = startPosition + seqLen;
        (float[] query, float[] keys, float[] values) = Operands(shape, seqLen, queryType, kvLen);
        GpuBuffer q = harness.UploadActivations(query, seqLen, shape.QueryWidth, queryType);
        PagedCache cache = harness.Pages(shape, keys, values, group: 1);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()));
        AttentionSoftmax softmax = scheme == SoftmaxScheme.Asynchronized ? AttentionSoftmax.Asynchronized(0) : new AttentionSoftmax(scheme);
        GuardedBuffer output = harness.OutputActivations(seqLen, shape.QueryWidth, outputType);
        int tileRows = tiling?.BlockQ ?? kernel.TileRows(shape, scheme, seqLen);
        RowList tiles = harness.Rows([.. RowList.Tiles(new RowEntry(0, (uint)startPosition, 0, (uint)seqLen), tileRows)]);
        harness.Run(commands =>
        {
            if (tiling is null)
            {
                kernel.Record(
                    commands, shape, softmax, tiles, sequences, cache.Layer, q, output.View, seqLen, seqLen, outputType);
            }
            else
            {
                kernel.RecordTiled(commands, tiling, shape, softmax, tiles, sequences, cache.Layer, q, output.View, seqLen, outputType);
            }
        });

        double[] expected = Reference(query, keys, values, shape, seqLen, startPosition, keysTooMany: 0);
        Bound bound = queryType == ActivationType.F16 ? Bounds.MatrixF16
            : outputType == ActivationType.F16 ? Bounds.F16
            : Bounds.AttentionF32;
        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, shape.QueryWidth, outputType), expected, bound);
    }

    /// <summary>Queries [seqLen][QueryWidth]; keys and values [NumKvHeads][Capacity][HeadDim], NaN from kvLen on.</summary>
    private static (float[] Query, float[] Keys, float[] Values) Operands(
        AttentionShape shape, int seqLen, ActivationType queryType, int kvLen)
    {
        int count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
        float[] keys = TestValues.Normal(count, 32);
        float[] values = TestValues.Normal(count, 33);
        for (int head = 0; head < shape.NumKvHeads; head++)
        {
            int unused = ((head * shape.Capacity) + kvLen) * shape.HeadDim;
            keys.AsSpan(unused, (shape.Capacity - kvLen) * shape.HeadDim).Fill(float.NaN);
            values.AsSpan(unused, (shape.Capacity - kvLen) * shape.HeadDim).Fill(float.NaN);
        }

        return (
            TestValues.Normal(seqLen * shape.QueryWidth, 31, queryType, 2), CachedTokens.Stored(keys, shape),
            CachedTokens.Stored(values, shape));
    }

    private static double[] Reference(
        float[] query, float[] keys, float[] values, AttentionShape shape, int seqLen, int startPosition, int keysTooMany)
    {
        double[] result = new double[seqLen * shape.QueryWidth];
        for (int token = 0; token < seqLen; token++)
        {
            int visible = Math.Min(startPosition + token + 1 + keysTooMany, startPosition + seqLen);
            for (int head = 0; head < shape.NumHeads; head++)
            {
                int at = (token * shape.QueryWidth) + (head * shape.HeadDim);
                AttentionReference.Attend(
                    shape, head, query.AsSpan(at, shape.HeadDim), keys, values, visible, result.AsSpan(at, shape.HeadDim));
            }
        }

        return result;
    }
}

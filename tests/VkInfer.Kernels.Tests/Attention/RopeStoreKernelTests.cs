using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

[TestFixture]
public sealed class RopeStoreKernelTests : GpuTest
{
    private const int Capacity = 130;

    [Test]
    public void Matches_the_reference(
        [Values(1, 4, 7)] int groupSize, [Values(8, 64, 80)] int headDim, [Values] RopePairing pairing, [Values] KvType kvType,
        [Values] ActivationType queryType, [Values(0, 97)] int startPosition) =>
        Check(new AttentionShape(2 * groupSize, 2, headDim, headDim, pairing, Capacity, kvType, 1), queryType, startPosition, 7);

    [Test]
    public void Part_of_a_head_may_stay_unrotated([Values(0, 2, 26, 40)] int rotaryDim, [Values] RopePairing pairing) =>
        Check(new AttentionShape(3, 3, 40, rotaryDim, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3);

    [Test]
    public void A_long_prefill_fills_the_cache() =>
        Check(new AttentionShape(4, 2, 128, 128, RopePairing.SplitHalf, Capacity, KvType.F16, 1), ActivationType.F16, 19, Capacity - 19);

    [Test]
    public void Adds_the_bias_and_normalises_heads_first(
        [Values] bool biased, [Values] bool normed, [Values] RopePairing pairing, [Values(8, 40, 128)] int headDim) =>
        Check(new AttentionShape(6, 2, headDim, headDim - 4, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3, biased, normed);

    [Test]
    public void A_decode_step_stores_at_its_position([Values] bool biased, [Values] bool normed, [Values] KvType kvType) =>
        Check(
            new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, kvType, 1), ActivationType.F32, 77, 1, biased, normed,
            step: true);

    [Test]
    public void A_decode_step_stores_nothing_beyond_the_capacity()
    {
        var shape = new AttentionShape(2, 1, 8, 8, RopePairing.Interleaved, Capacity, KvType.F32, 1);
        using var harness = new KernelHarness();
        GpuBuffer buffer = harness.Upload<float>(new float[Capacity * 8]);
        GuardedBuffer keys = harness.Output<byte>(Sentinel(shape));
        GuardedBuffer values = harness.Output<byte>(Sentinel(shape));
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = Capacity }]);
        harness.Run(
            commands =>
                new RopeStoreKernel(harness.Context).RecordStep(commands, buffer, shape, buffer, state, buffer, keys.View, values.View));
        Assert.That(keys.Read<float>(), Is.All.EqualTo(-3f));
        Assert.That(values.Read<float>(), Is.All.EqualTo(-3f));
    }

    [Test]
    public void More_tokens_than_the_cache_holds_are_refused()
    {
        var shape = new AttentionShape(2, 2, 8, 8, RopePairing.Interleaved, 10, KvType.F32, 1);
        using var harness = new KernelHarness();
        GpuBuffer buffer = harness.Upload<float>(new float[1024]);
        Assert.That(
            () => harness.Run(commands => new RopeStoreKernel(harness.Context).Record(
                commands, buffer, shape, buffer, 8, buffer, buffer, buffer, 3)),
            Throws.ArgumentException.With.Message.Contain("3 tokens from position 8 do not fit into a cache of 10"));
    }

    private static void Check(
        AttentionShape shape, ActivationType queryType, int startPosition, int seqLen, bool biased = false, bool normed = false,
        bool step = false)
    {
        const float epsilon = 1e-5f;
        float[] qkv = TestValues.Normal(seqLen * shape.QkvWidth, 21);
        float[] bias = TestValues.Normal(shape.QkvWidth, 22);
        float[] gains = TestValues.Normal(2 * shape.HeadDim, 23);
        float[] table = RotationReference.RopeTable(shape);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(qkv, seqLen, shape.QkvWidth, ActivationType.F32);
        GpuBuffer rope = harness.Upload<float>(table.Length == 0 ? [0f, 0f] : table);
        GuardedBuffer query = harness.OutputActivations(seqLen, shape.QueryWidth, queryType);
        GuardedBuffer keys = harness.Output<byte>(Sentinel(shape));
        GuardedBuffer values = harness.Output<byte>(Sentinel(shape));
        BufferView? biasView = biased ? (BufferView)harness.Upload<float>(bias) : null;
        QkNorm? norm = normed ? new QkNorm(harness.Upload<float>(gains), epsilon) : null;
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = (uint)startPosition }]);
        harness.Run(commands =>
        {
            var kernel = new RopeStoreKernel(harness.Context);
            if (step)
            {
                kernel.RecordStep(commands, input, shape, rope, state, query.View, keys.View, values.View, biasView, norm);
            }
            else
            {
                kernel.Record(
                    commands, input, shape, rope, startPosition, query.View, keys.View, values.View, seqLen, queryType, biasView, norm);
            }
        });

        double[] rotated = RotationReference.Rotate(
            RotationReference.Prepare(qkv, shape, seqLen, biased ? bias : null, normed ? gains : null, epsilon), shape, startPosition,
            seqLen);
        double[] expectedQuery = new double[seqLen * shape.QueryWidth];
        for (int token = 0; token < seqLen; token++)
        {
            Array.Copy(rotated, token * shape.QkvWidth, expectedQuery, token * shape.QueryWidth, shape.QueryWidth);
        }

        Bound queryBound = queryType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(query, seqLen, shape.QueryWidth, queryType), expectedQuery, queryBound);
        CheckCache(shape, rotated, shape.QueryWidth, keys.Read<byte>(), startPosition, seqLen);
        CheckCache(shape, rotated, shape.QueryWidth + shape.KvWidth, values.Read<byte>(), startPosition, seqLen);
    }

    private static void CheckCache(AttentionShape shape, double[] rotated, int from, byte[] cache, int startPosition, int seqLen)
    {
        float[] got = shape.KvType == KvType.F32
            ? MemoryMarshal.Cast<byte, float>(cache).ToArray()
            : Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(cache).ToArray(), value => (float)value);
        Bound bound = shape.KvType == KvType.F32 ? Bounds.F32 : Bounds.F16;
        for (int head = 0; head < shape.NumKvHeads; head++)
        {
            Span<float> slots = got.AsSpan(head * shape.Capacity * shape.HeadDim, shape.Capacity * shape.HeadDim);
            double[] expected = new double[seqLen * shape.HeadDim];
            for (int token = 0; token < seqLen; token++)
            {
                Array.Copy(
                    rotated, (token * shape.QkvWidth) + from + (head * shape.HeadDim), expected, token * shape.HeadDim, shape.HeadDim);
            }

            int first = startPosition * shape.HeadDim;
            Comparison.AssertClose(slots.Slice(first, expected.Length), expected, bound);
            Assert.That(slots[..first].IndexOfAnyExcept(-3f), Is.EqualTo(-1), "positions before the first");
            Assert.That(slots[(first + expected.Length)..].IndexOfAnyExcept(-3f), Is.EqualTo(-1), "positions after the last");
        }
    }

    /// <summary>A cache whose every element is -3: what the kernel leaves alone must stay so.</summary>
    private static byte[] Sentinel(AttentionShape shape)
    {
        byte[] bytes = new byte[shape.KvBytes];
        if (shape.KvType == KvType.F32)
        {
            MemoryMarshal.Cast<byte, float>(bytes.AsSpan()).Fill(-3f);
        }
        else
        {
            MemoryMarshal.Cast<byte, Half>(bytes.AsSpan()).Fill((Half)(-3));
        }

        return bytes;
    }
}

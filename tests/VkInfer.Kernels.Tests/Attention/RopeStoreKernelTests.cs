using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

[TestFixture]
public sealed class RopeStoreKernelTests : GpuTest
{
    private const int Capacity = 130;

    [Test]
    public void MatchesTheReference(
        [Values(1, 4, 7)] int groupSize, [Values(8, 64, 80)] int headDim, [Values] RopePairing pairing, [Values] KvType kvType,
        [Values] ActivationType queryType, [Values(0, 97)] int startPosition) =>
        Check(new AttentionShape(2 * groupSize, 2, headDim, headDim, pairing, Capacity, kvType, 1), queryType, startPosition, 7);

    [Test]
    public void PartOfAHeadMayStayUnrotated([Values(0, 2, 26, 40)] int rotaryDim, [Values] RopePairing pairing) =>
        Check(new AttentionShape(3, 3, 40, rotaryDim, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3);

    [Test]
    public void ALongPrefillFillsTheCache() =>
        Check(new AttentionShape(4, 2, 128, 128, RopePairing.SplitHalf, Capacity, KvType.F16, 1), ActivationType.F16, 19, Capacity - 19);

    [Test]
    public void AddsTheBiasAndNormalisesHeadsFirst([Values] bool biased, [Values] bool normed, [Values] RopePairing pairing, [Values(8, 40, 128)] int headDim) =>
        Check(new AttentionShape(6, 2, headDim, headDim - 4, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3, biased, normed);

    [Test]
    public void ADecodeStepStoresAtItsPosition([Values] bool biased, [Values] bool normed, [Values] KvType kvType) =>
        Check(new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, kvType, 1), ActivationType.F32, 77, 1, biased, normed, step: true);

    [Test]
    public void ADecodeStepStoresNothingBeyondTheCapacity()
    {
        var shape = new AttentionShape(2, 1, 8, 8, RopePairing.Interleaved, Capacity, KvType.F32, 1);
        using var harness = new KernelHarness();
        var buffer = harness.Upload<float>(new float[Capacity * 8]);
        var keys = harness.Output<byte>(Sentinel(shape));
        var values = harness.Output<byte>(Sentinel(shape));
        var state = harness.Upload<StepState>([new StepState { Position = Capacity }]);
        harness.Run(commands => new RopeStoreKernel(harness.Context).RecordStep(commands, buffer, shape, buffer, state, buffer, keys.View, values.View));
        Assert.That(keys.Read<float>(), Is.All.EqualTo(-3f));
        Assert.That(values.Read<float>(), Is.All.EqualTo(-3f));
    }

    [Test]
    public void EachSequenceOfABatchStoresAtItsOwnPosition([Values] bool biased, [Values] bool normed, [Values] KvType kvType)
    {
        const float epsilon = 1e-5f;
        const int rows = 4;

        // The second has no room left, and a row belongs to none.
        (int Capacity, int Position, int Row)[] steps = [(Capacity, 77, 3), (9, 9, 0), (20, 0, 2)];
        var shape = new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, kvType, 1);
        var qkv = TestValues.Normal(rows * shape.QkvWidth, 21);
        var bias = TestValues.Normal(shape.QkvWidth, 22);
        var gains = TestValues.Normal(2 * shape.HeadDim, 23);
        using var harness = new KernelHarness();
        using var table = new SequenceTable(Device, steps.Length);
        var caches = steps.Select(step => (
            Shape: shape with { Capacity = step.Capacity },
            Keys: harness.Output<byte>(Sentinel(shape with { Capacity = step.Capacity })),
            Values: harness.Output<byte>(Sentinel(shape with { Capacity = step.Capacity })))).ToArray();
        var unused = harness.Upload<float>(new float[64]);
        var range = table.Add([.. steps.Zip(caches, (step, cache) => new SequenceAttention(
            cache.Keys.View, cache.Values.View, step.Capacity, harness.Upload<StepState>([new StepState { Position = (uint)step.Position }]),
            new(SoftmaxScheme.Synchronized), unused, step.Row))]);
        table.Upload();
        var query = harness.OutputActivations(new float[rows * shape.QueryWidth], rows, shape.QueryWidth, ActivationType.F32);
        var input = harness.UploadActivations(qkv, rows, shape.QkvWidth, ActivationType.F32);
        BufferView? biasView = biased ? harness.Upload<float>(bias).Whole : null;
        QkNorm? norm = normed ? new QkNorm(harness.Upload<float>(gains), epsilon) : null;
        harness.Run(commands => new RopeStoreKernel(harness.Context).RecordBatch(
            commands, input, shape, harness.Upload<float>(RopeTable(shape)), range, query.View, biasView, norm));

        var prepared = Prepare(qkv, shape, rows, biased ? bias : null, normed ? gains : null, epsilon);
        var expectedQuery = new double[rows * shape.QueryWidth];
        foreach (var ((_, position, row), cache) in steps.Zip(caches))
        {
            var stored = position < cache.Shape.Capacity ? 1 : 0;
            var rotated = Rotate(prepared[(row * shape.QkvWidth)..((row + 1) * shape.QkvWidth)], shape, position, 1);
            Array.Copy(rotated, 0, expectedQuery, row * shape.QueryWidth, stored * shape.QueryWidth);
            CheckCache(cache.Shape, rotated, shape.QueryWidth, cache.Keys.Read<byte>(), position, stored);
            CheckCache(cache.Shape, rotated, shape.QueryWidth + shape.KvWidth, cache.Values.Read<byte>(), position, stored);
        }

        Comparison.AssertClose(KernelHarness.ReadActivations(query, rows, shape.QueryWidth, ActivationType.F32), expectedQuery, Bounds.F32);
    }

    [Test]
    public void MoreTokensThanTheCacheHoldsAreRefused()
    {
        var shape = new AttentionShape(2, 2, 8, 8, RopePairing.Interleaved, 10, KvType.F32, 1);
        using var harness = new KernelHarness();
        var buffer = harness.Upload<float>(new float[1024]);
        Assert.That(
            () => harness.Run(commands => new RopeStoreKernel(harness.Context).Record(
                commands, buffer, shape, buffer, 8, buffer, buffer, buffer, 3)),
            Throws.ArgumentException.With.Message.Contain("3 tokens from position 8 do not fit into a cache of 10"));
    }

    private static void Check(
        AttentionShape shape, ActivationType queryType, int startPosition, int seqLen, bool biased = false, bool normed = false, bool step = false)
    {
        const float epsilon = 1e-5f;
        var qkv = TestValues.Normal(seqLen * shape.QkvWidth, 21);
        var bias = TestValues.Normal(shape.QkvWidth, 22);
        var gains = TestValues.Normal(2 * shape.HeadDim, 23);
        var table = RopeTable(shape);
        using var harness = new KernelHarness();
        var input = harness.UploadActivations(qkv, seqLen, shape.QkvWidth, ActivationType.F32);
        var rope = harness.Upload<float>(table.Length == 0 ? [0f, 0f] : table);
        var query = harness.OutputActivations(seqLen, shape.QueryWidth, queryType);
        var keys = harness.Output<byte>(Sentinel(shape));
        var values = harness.Output<byte>(Sentinel(shape));
        BufferView? biasView = biased ? (BufferView)harness.Upload<float>(bias) : null;
        QkNorm? norm = normed ? new QkNorm(harness.Upload<float>(gains), epsilon) : null;
        var state = harness.Upload<StepState>([new StepState { Position = (uint)startPosition }]);
        harness.Run(commands =>
        {
            var kernel = new RopeStoreKernel(harness.Context);
            if (step)
            {
                kernel.RecordStep(commands, input, shape, rope, state, query.View, keys.View, values.View, biasView, norm);
            }
            else
            {
                kernel.Record(commands, input, shape, rope, startPosition, query.View, keys.View, values.View, seqLen, queryType, biasView, norm);
            }
        });

        var rotated = Rotate(Prepare(qkv, shape, seqLen, biased ? bias : null, normed ? gains : null, epsilon), shape, startPosition, seqLen);
        var expectedQuery = new double[seqLen * shape.QueryWidth];
        for (var token = 0; token < seqLen; token++)
        {
            Array.Copy(rotated, token * shape.QkvWidth, expectedQuery, token * shape.QueryWidth, shape.QueryWidth);
        }

        var queryBound = queryType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(query, seqLen, shape.QueryWidth, queryType), expectedQuery, queryBound);
        CheckCache(shape, rotated, shape.QueryWidth, keys.Read<byte>(), startPosition, seqLen);
        CheckCache(shape, rotated, shape.QueryWidth + shape.KvWidth, values.Read<byte>(), startPosition, seqLen);
    }

    private static void CheckCache(AttentionShape shape, double[] rotated, int from, byte[] cache, int startPosition, int seqLen)
    {
        var got = shape.KvType == KvType.F32
            ? MemoryMarshal.Cast<byte, float>(cache).ToArray()
            : Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(cache).ToArray(), value => (float)value);
        var bound = shape.KvType == KvType.F32 ? Bounds.F32 : Bounds.F16;
        for (var head = 0; head < shape.NumKvHeads; head++)
        {
            var slots = got.AsSpan(head * shape.Capacity * shape.HeadDim, shape.Capacity * shape.HeadDim);
            var expected = new double[seqLen * shape.HeadDim];
            for (var token = 0; token < seqLen; token++)
            {
                Array.Copy(
                    rotated, (token * shape.QkvWidth) + from + (head * shape.HeadDim), expected, token * shape.HeadDim, shape.HeadDim);
            }

            var first = startPosition * shape.HeadDim;
            Comparison.AssertClose(slots.Slice(first, expected.Length), expected, bound);
            Assert.That(slots[..first].IndexOfAnyExcept(-3f), Is.EqualTo(-1), "positions before the first");
            Assert.That(slots[(first + expected.Length)..].IndexOfAnyExcept(-3f), Is.EqualTo(-1), "positions after the last");
        }
    }

    /// <summary>A cache whose every element is -3: what the kernel leaves alone must stay so.</summary>
    private static byte[] Sentinel(AttentionShape shape)
    {
        var bytes = new byte[shape.KvBytes];
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

    private static double Angle(AttentionShape shape, int position, int pair) =>
        position * Math.Pow(10000, -2.0 * pair / shape.RotaryDim);

    private static float[] RopeTable(AttentionShape shape)
    {
        var pairs = shape.RotaryDim / 2;
        var table = new float[shape.Capacity * pairs * 2];
        for (var i = 0; i < shape.Capacity * pairs; i++)
        {
            var angle = Angle(shape, i / pairs, i % pairs);
            table[2 * i] = (float)Math.Cos(angle);
            table[(2 * i) + 1] = (float)Math.Sin(angle);
        }

        return table;
    }

    /// <summary>What stands before the rotation: the bias, and the norm of query and key heads.</summary>
    private static double[] Prepare(float[] qkv, AttentionShape shape, int seqLen, float[]? bias, float[]? gains, double epsilon)
    {
        double[] result = [.. qkv.Select((value, i) => value + (bias?[i % shape.QkvWidth] ?? 0.0))];
        for (var token = 0; gains is not null && token < seqLen; token++)
        {
            for (var head = 0; head < shape.NumHeads + shape.NumKvHeads; head++)
            {
                var elements = result.AsSpan((token * shape.QkvWidth) + (head * shape.HeadDim), shape.HeadDim);
                var squares = 0.0;
                foreach (var element in elements)
                {
                    squares += element * element;
                }

                for (var i = 0; i < elements.Length; i++)
                {
                    elements[i] *= gains[(head < shape.NumHeads ? 0 : shape.HeadDim) + i] / Math.Sqrt((squares / shape.HeadDim) + epsilon);
                }
            }
        }

        return result;
    }

    private static double[] Rotate(double[] qkv, AttentionShape shape, int startPosition, int seqLen)
    {
        var result = (double[])qkv.Clone();
        for (var token = 0; token < seqLen; token++)
        {
            for (var head = 0; head < shape.NumHeads + shape.NumKvHeads; head++)
            {
                var at = (token * shape.QkvWidth) + (head * shape.HeadDim);
                for (var pair = 0; pair < shape.RotaryDim / 2; pair++)
                {
                    var first = at + (shape.Pairing == RopePairing.Interleaved ? 2 * pair : pair);
                    var second = shape.Pairing == RopePairing.Interleaved ? first + 1 : first + (shape.RotaryDim / 2);
                    var (sin, cos) = Math.SinCos(Angle(shape, startPosition + token, pair));
                    result[first] = (qkv[first] * cos) - (qkv[second] * sin);
                    result[second] = (qkv[first] * sin) + (qkv[second] * cos);
                }
            }
        }

        return result;
    }
}

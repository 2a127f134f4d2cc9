using System.Runtime.InteropServices;
using VkInfer.Kernels.Tests.Attention;
using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

/// <summary>Decode attention against double precision, spread as for a processor and as for a GPU.</summary>
[TestFixture(true, SoftmaxScheme.ConditionalRescale)]
[TestFixture(false, SoftmaxScheme.Asynchronized)]
[TestFixture(false, SoftmaxScheme.Synchronized)]
public sealed class DecodeAttentionKernelTests(bool asSoftware, SoftmaxScheme scheme) : GpuTest
{
    private KernelContext Context => new(Device) { IsSoftware = asSoftware };

    [Test]
    public void Attends_to_all_cached_tokens([Values] KvType kvType, [Values(1, 31, 32, 33, 1000)] int kvLen)
        => Check(Shape(4, 2, 64, 1024, kvType), kvLen);

    [Test]
    public void Takes_every_head_dimension([Values] KvType kvType, [Values(8, 40, 64, 80, 120, 128, 256, 512)] int headDim)
        => Check(Shape(2, 2, headDim, 128, kvType), 77);

    [Test]
    public void Shares_keys_among_the_heads_of_a_group([Values(1, 4, 7, 16)] int group, [Values(64, 128)] int headDim)
        => Check(Shape(2 * group, 2, headDim, 200, KvType.F16), 150);

    [Test]
    public void Ends_at_the_capacity() => Check(Shape(2, 1, 32, 50, KvType.F16), 50);

    [Test]
    public void Survives_scores_that_overflow_a_plain_softmax() => Check(Shape(2, 1, 64, 300, KvType.F32) with { Scale = 40 }, 290);

    [Test]
    public void Attends_to_the_tokens_of_a_window([Values(1, 31, 100, 999, 1000)] int window)
        => Check(Shape(4, 2, 64, 1024, KvType.F16) with { Window = window }, 999);

    [Test]
    public void Bounds_scores([Values] KvType kvType) => Check(Shape(2, 1, 64, 300, kvType) with { LogitSoftCap = 2 }, 290);

    [Test]
    public void Bounds_scores_that_are_far_beyond_the_bound()
        => Check(Shape(2, 1, 64, 300, KvType.F32) with { LogitSoftCap = 30, Scale = 1e4f }, 290);

    [Test]
    public void Never_reads_the_tokens_behind_the_position()
    {
        // The cache behind the last token holds NaN; one would spread.
        Check(Shape(2, 2, 64, 512, KvType.F32), 65, unused: float.NaN);
        Check(Shape(2, 2, 64, 512, KvType.F16), 65, unused: float.NaN);
    }

    [Test]
    public void Writes_float16([Values] KvType kvType) => Check(Shape(4, 2, 64, 128, kvType), 77, outputType: ActivationType.F16);

    [Test]
    public void Writes_a_row_among_others([Values(16, 48, 256)] int offset, [Values] ActivationType type) =>
        Check(Shape(2, 2, 64, 128, KvType.F16), 77, outputType: type, offset: offset);

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, int capacity, KvType kvType)
        => new(heads, kvHeads, headDim, headDim, RopePairing.Interleaved, capacity, kvType, (float)(1 / Math.Sqrt(headDim)));

    private void Check(
        AttentionShape shape, int kvLen, float unused = 0, ActivationType outputType = ActivationType.F32, int offset = 0)
    {
        var count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
        var q = Buffers.Random(1, shape.QueryWidth, -3, 3);
        var k = Cached(Buffers.Random(2, count, -2, 2), shape, kvLen, unused);
        var v = Cached(Buffers.Random(3, count, -2, 2), shape, kvLen, unused);
        using var qBuffer = Buffers.Create<float>(Device, q, "q");
        using var kBuffer = Buffers.Create<byte>(Device, Encode(k, shape.KvType), "k");
        using var vBuffer = Buffers.Create<byte>(Device, Encode(v, shape.KvType), "v");
        using var state = Buffers.Create<StepState>(Device, [new StepState { Position = (uint)(kvLen - 1) }], "step state");
        var kernel = new DecodeAttentionKernel(Context);
        using var scratch = new GuardedBuffer(Device, kernel.ScratchBytes(shape), "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);
        using var stats = Buffers.Create<uint>(Device, new uint[SoftmaxStats.SizeInBytes / sizeof(uint)], "stats");
        using var output = new GuardedBuffer(Device, offset + (shape.QueryWidth * Activations.ElementSize(outputType)), "output");
        output.Write<byte>(new byte[output.View.Length]);
        var row = output.View with { Offset = output.View.Offset + offset, Length = output.View.Length - offset };
        var softmax = scheme == SoftmaxScheme.Asynchronized ? AttentionSoftmax.Asynchronized(1) : new AttentionSoftmax(scheme);
        Run(commands => kernel.Record(
            commands, shape, softmax, qBuffer, kBuffer, vBuffer, state, scratch.View, stats, row, outputType));
        scratch.AssertIntact();
        output.AssertIntact();
        var bound = shape.KvType == KvType.F16 || outputType == ActivationType.F16 ? Bounds.AttentionF16 : Bounds.AttentionF32;
        var written = output.Read<byte>();
        Assert.That(written.Take(offset), Is.All.Zero, "the row before");
        Comparison.AssertClose(Decode(written.AsSpan(offset), outputType), Reference(shape, kvLen, q, k, v), bound);
    }

    // Values as the cache holds them, so that the reference starts from the same.
    private static float[] Cached(float[] values, AttentionShape shape, int kvLen, float unused)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var isUsed = i / shape.HeadDim % shape.Capacity < kvLen;
            values[i] = !isUsed ? unused : shape.KvType == KvType.F16 ? (float)(Half)values[i] : values[i];
        }

        return values;
    }

    private static byte[] Encode(float[] values, KvType type) => type == KvType.F16
        ? MemoryMarshal.AsBytes(values.Select(value => (Half)value).ToArray().AsSpan()).ToArray()
        : MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static float[] Decode(ReadOnlySpan<byte> bytes, ActivationType type) => type == ActivationType.F16
        ? Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(bytes).ToArray(), half => (float)half)
        : MemoryMarshal.Cast<byte, float>(bytes).ToArray();

    private static double[] Reference(AttentionShape shape, int kvLen, float[] q, float[] k, float[] v)
    {
        var result = new double[shape.QueryWidth];
        for (var head = 0; head < shape.NumHeads; head++)
        {
            var at = head * shape.HeadDim;
            AttentionReference.Attend(
                shape, head, q.AsSpan(at, shape.HeadDim), k, v, kvLen, result.AsSpan(at, shape.HeadDim));
        }

        return result;
    }
}

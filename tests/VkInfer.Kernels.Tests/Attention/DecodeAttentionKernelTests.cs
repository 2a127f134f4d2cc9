using VkInfer.Kernels.Tests.Attention;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// Decode attention against double precision, spread as for a processor and as for a GPU. All schemes: <see cref="DecodeSoftmaxTests"/>.
/// </summary>
[TestFixture(true, SoftmaxScheme.ConditionalRescale)]
[TestFixture(false, SoftmaxScheme.Asynchronized)]
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
    public void Shares_keys_among_the_heads_of_a_group(
        [Values(1, 4, 7, 16)] int group, [Values(64, 128)] int headDim, [Values(KvType.F16, KvType.Q8_0)] KvType kvType)
        => Check(Shape(2 * group, 2, headDim, 200, kvType), 150);

    /// <summary>On a GPU, heads of a group are computed by workgroups of their own where a split of theirs has up to 512 tokens.</summary>
    [TestCase(3, 1, 300)]
    [TestCase(3, 1024, 2048)]
    [TestCase(3, 1025, 2048)]
    [TestCase(4, 40, 200)]
    [TestCase(7, 512, 4096)]
    [TestCase(7, 513, 4096)]
    public void Takes_the_heads_of_a_group_apart_or_together(int group, int kvLen, int capacity)
    {
        Check(Shape(16 * group, 16, 64, capacity, KvType.F16), kvLen, form: VectorForm.Fixed);
    }

    [Test]
    public void Ends_at_the_capacity([Values] KvType kvType) => Check(Shape(2, 1, 32, 50, kvType), 50);

    [Test]
    public void Survives_scores_that_overflow_a_plain_softmax() => Check(Shape(2, 1, 64, 300, KvType.F32) with { Scale = 40 }, 290);

    [Test]
    public void Attends_to_the_tokens_of_a_window(
        [Values(1, 31, 100, 999, 1000)] int window, [Values(KvType.F16, KvType.Q8_0)] KvType kvType)
        => Check(Shape(4, 2, 64, 1024, kvType) with { Window = window }, 999);

    [Test]
    public void Values_may_be_keys([Values] KvType kvType, [Values(40, 576)] int headDim) =>
        Check(Shape(20, 1, headDim, 512, kvType) with { HasKeysAsValues = true }, 333);

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
        Check(Shape(2, 2, 64, 512, KvType.Q8_0), 65, unused: float.NaN);
    }

    [Test]
    public void Bytes_are_close_to_what_they_stand_for([Values(8, 64, 80)] int headDim)
    {
        AttentionShape shape = Shape(4, 2, headDim, 1024, KvType.Q8_0);
        int count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
        float[] q = Buffers.Random(1, shape.QueryWidth, -3, 3);
        double[] exact = CachedTokens.Attend(shape, 1000, q, Buffers.Random(2, count, -2, 2), Buffers.Random(3, count, -2, 2));
        Comparison.AssertClose(Check(shape, 1000), exact, Bounds.AttentionQ8_0);
    }

    [Test]
    public void Attends_to_more_keys_than_a_binding_holds()
    {
        int bindable = (int)Math.Min(Device.Capabilities.MaxStorageBufferRange / (512 * sizeof(float)), 1 << 20);
        if (bindable == 1 << 20)
        {
            Assert.Ignore("the device binds whatever there is");
        }

        Check(Shape(1, 1, 512, bindable + 1, KvType.F32), bindable + 1);
    }

    [Test]
    public void Stores_fixed_point([Values(32, 64, 128)] int headDim, [Values(1, 700)] int kvLen)
        => Check(Shape(4, 2, headDim, 1024, KvType.F32), kvLen, form: VectorForm.Fixed);

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, int capacity, KvType kvType)
        => new(heads, kvHeads, headDim, headDim, RopePairing.Interleaved, capacity, kvType, (float)(1 / Math.Sqrt(headDim)));

    private float[] Check(AttentionShape shape, int kvLen, float unused = 0, VectorForm form = VectorForm.Float)
    {
        int count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
        float[] q = Buffers.Random(1, shape.QueryWidth, -3, 3);
        float[] k = CachedTokens.Prepare(Buffers.Random(2, count, -2, 2), shape, kvLen, unused);
        float[] v = shape.HasKeysAsValues ? k : CachedTokens.Prepare(Buffers.Random(3, count, -2, 2), shape, kvLen, unused);
        using GpuBuffer qBuffer = Buffers.Create<float>(Device, q, "q");
        using var cache = new PagedCache(Device, shape, k, v);
        using GpuBuffer state = Buffers.Create<StepState>(Device, [new StepState { Position = (uint)(kvLen - 1) }], "step state");
        var kernel = new DecodeAttentionKernel(Context);
        using var scratch = new GuardedBuffer(Device, kernel.ScratchBytes(shape), "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);
        using GpuBuffer stats = Buffers.Create<uint>(Device, new uint[SoftmaxStats.SizeInBytes / sizeof(uint)], "stats");
        using var output = new GuardedBuffer(Device, VectorInput.SizeInBytes(form, shape.QueryWidth), "output");
        AttentionSoftmax softmax = scheme == SoftmaxScheme.Asynchronized ? AttentionSoftmax.Asynchronized(1) : new AttentionSoftmax(scheme);
        Run(commands =>
            kernel.Record(commands, shape, softmax, qBuffer, cache.Layer, cache.Blocks, state, scratch.View, stats, output.View, form));
        scratch.AssertIntact();
        output.AssertIntact();
        Bound bound = form == VectorForm.Fixed ? Bounds.FixedPoint : shape.KvType == KvType.F16 ? Bounds.AttentionF16 : Bounds.AttentionF32;
        float[] stored = form == VectorForm.Fixed
            ? [.. FixedPointVector.Decode(output.Read<byte>(), shape.QueryWidth).Select(value => (float)value)]
            : output.Read<float>()[..shape.QueryWidth];
        Comparison.AssertClose(stored, CachedTokens.Attend(shape, kvLen, q, k, v), bound);
        return stored;
    }
}

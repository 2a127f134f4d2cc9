using System.Runtime.InteropServices;
using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

/// <summary>Queries, keys and values with RoPE and the cache's store, against double precision.</summary>
[TestFixtureSource(typeof(GemvForms), nameof(GemvForms.All))]
public sealed class GemvQkvTests(string form) : GpuTest
{
    private const int Columns = 96;
    private const int Capacity = 9;
    private const int Position = 5;

    private KernelContext Context => GemvForms.Context(Device, form);

    [Test]
    public void Rotates_and_stores(
        [Values] RopePairing pairing, [Values(KvType.F16, KvType.F32)] KvType kvType, [Values(1, 4, 7)] int group,
        [Values(8, 64, 80, 128)] int headDim)
        => Check(Context, WeightType.F16, new AttentionShape(2 * group, 2, headDim, headDim, pairing, Capacity, kvType, 1));

    [Test]
    public void Leaves_elements_beyond_the_rotary_dimension_alone([Values] RopePairing pairing, [Values(0, 2, 40)] int rotaryDim)
        => Check(Context, WeightType.F32, new AttentionShape(3, 1, 64, rotaryDim, pairing, Capacity, KvType.F32, 1));

    [Test]
    public void Takes_every_weight_type([Values] WeightType type, [Values(KvType.F16, KvType.F32)] KvType kvType)
        => Check(Context, type, new AttentionShape(4, 2, 32, 32, RopePairing.Interleaved, Capacity, kvType, 1));

    [TestCase(128, 64, 64)]
    [TestCase(192, 64)]
    [TestCase(128, 128)]
    public void Takes_separate_matrices_without_barriers_between(params int[] rows)
        => Check(Context, WeightType.F16, new AttentionShape(4, 2, 32, 32, RopePairing.SplitHalf, Capacity, KvType.F16, 1), rows: rows);

    [Test]
    public void Refuses_parts_that_are_no_whole_heads()
    {
        var shape = new AttentionShape(4, 2, 32, 32, RopePairing.SplitHalf, Capacity, KvType.F16, 1);
        using var run = new QkvRun(Context, shape, WeightType.F16, Columns, Position);
        Run(commands => Assert.That(
            () => run.Record(commands, Context, 130, 126),
            Throws.ArgumentException.With.Message.Contain("whole heads of 32 rows, got 130")));
    }

    [Test]
    public void Adds_biases_before_the_rotation(
        [Values] bool separate, [Values] RopePairing pairing) =>
        Check(
            Context, WeightType.F16, new AttentionShape(6, 2, 24, 16, pairing, Capacity, KvType.F32, 1), QkvTerms.Bias,
            separate ? [144, 48, 48] : [240]);

    [Test]
    public void Takes_matrices_larger_than_a_binding_in_slices()
    {
        var shape = new AttentionShape(9, 3, 24, 24, RopePairing.SplitHalf, Capacity, KvType.F16, 1);
        long limit = 200 * WeightLayout.QuantBytes(WeightType.Q4_0, 1, Columns);
        KernelContext narrow = Context with { Capabilities = Context.Capabilities with { MaxStorageBufferRange = limit } };
        Check(narrow, WeightType.Q4_0, shape, QkvTerms.Bias);
    }

    [Test]
    public void Stores_nothing_beyond_the_capacity()
    {
        var shape = new AttentionShape(2, 1, 16, 16, RopePairing.Interleaved, Capacity, KvType.F16, 1);
        using var run = new QkvRun(Context, shape, WeightType.F16, Columns, Capacity);
        Run(commands => run.Record(commands, Context, shape.QkvWidth));
        (float[] keys, float[] values) = run.Cache.Read();
        Assert.Multiple(() =>
        {
            Assert.That(keys, Is.All.NaN, "keys");
            Assert.That(values, Is.All.NaN, "values");
        });
    }

    private static void Check(
        KernelContext context, WeightType type, AttentionShape shape, QkvTerms terms = QkvTerms.None, params int[] rows)
    {
        using var run = new QkvRun(context, shape, type, Columns, Position, terms);
        int barriers = 0;
        Run(commands =>
        {
            int before = commands.BarrierCount;
            run.Record(commands, context, rows.Length > 0 ? rows : [shape.QkvWidth]);
            barriers = commands.BarrierCount - before;
        });
        if (rows.Length > 0)
        {
            Assert.That(barriers, Is.Zero, "barriers between the dispatches");
        }

        Bound bound = GemvForms.BoundOf(type);
        Comparison.AssertClose(run.Q.Read<float>(), run.ExpectedHeads(0, shape.NumHeads, rotate: true), bound, "queries");
        (float[] keys, float[] values) = run.Cache.Read();
        CheckCache(run, keys, run.ExpectedHeads(shape.NumHeads, shape.NumKvHeads, rotate: true), bound, "keys");
        CheckCache(run, values, run.ExpectedHeads(shape.NumHeads + shape.NumKvHeads, shape.NumKvHeads, rotate: false), bound, "values");
    }

    // The token's elements hold what is expected, and no other element was written.
    private static void CheckCache(QkvRun run, float[] values, double[] expected, Bound bound, string what)
    {
        AttentionShape shape = run.Shape;
        bool isHalf = shape.KvType == KvType.F16;
        var stored = new List<float>();
        for (int i = 0; i < values.Length; i++)
        {
            if (i / shape.HeadDim % shape.Capacity == Position)
            {
                stored.Add(values[i]);
            }
            else
            {
                Assert.That(values[i], Is.NaN, $"{what}: element {i} of another token");
            }
        }

        Comparison.AssertClose(CollectionsMarshal.AsSpan(stored), expected, isHalf ? Bounds.F16 : bound, what);
    }
}

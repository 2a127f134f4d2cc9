using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>
/// A score more of each head, which takes weight and has no value: in every scheme, in decode and in both forms of prefill.
/// </summary>
public sealed class AttentionSinkTests : GpuTest
{
    private const int KvLen = 100;
    private const int SeqLen = 70;

    // One that takes nearly nothing, one nearly all, one beyond what exp() holds, and one that takes nothing at all.
    private static readonly float[] Sinks = [-3, 12, 200, 0, 2, -1000];

    private static readonly AttentionSoftmax[] Schemes =
        [AttentionSoftmax.Asynchronized(0, -20, 10), AttentionSoftmax.Synchronized, AttentionSoftmax.ConditionalRescale];

    [Test]
    public void Decode_gives_them_their_weight(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax, [Values] bool asSoftware, [Values(1, 7)] int splits,
        [Values(KvType.F32, KvType.Q8_0)] KvType kvType)
    {
        var input = new ChosenScores(Shape(kvType), ChosenScores.Pattern("normal", KvLen));
        AttentionShape shape = input.Shape;
        var context = new KernelContext(Device) { IsSoftware = asSoftware };
        var kernel = new DecodeAttentionKernel(context);
        DecodeAttentionTuning tuning = DecodeAttentionTuning.Choose(shape, context) with { Splits = splits };
        using GpuBuffer q = Buffers.Create<float>(Device, input.Queries, "q");
        using GpuBuffer sinks = Buffers.Create<float>(Device, Sinks, "sinks");
        using var cache = new PagedCache(Device, shape, input.Keys, input.Values);
        using GpuBuffer state = Buffers.Create<StepState>(Device, [new StepState { Position = KvLen - 1 }], "step state");
        using var scratch = new GuardedBuffer(Device, kernel.ScratchBytes(shape, tuning), "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);
        using GpuBuffer stats = Buffers.Create<uint>(Device, new uint[4], "stats");
        using var output = new GuardedBuffer(Device, shape.QueryWidth * sizeof(float), "output");
        Run(commands => kernel.RecordTuned(
            commands, shape, softmax, tuning, q, cache.Layer, cache.Blocks, state, scratch.View, stats, output.View, sinks: sinks));
        Comparison.AssertClose(output.Read<float>(), Expected(input, [KvLen]), Bounds.AttentionF32);
    }

    [Test]
    public void Prefill_gives_them_their_weight(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax, [Values(KvType.F32, KvType.Q8_0)] KvType kvType) =>
        Prefill(softmax, isMatrix: false, kvType);

    [Test]
    [Category("CooperativeMatrix")]
    public void Prefill_on_matrix_units_gives_them_their_weight(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) =>
        Prefill(softmax, isMatrix: true, kvType);

    private void Prefill(AttentionSoftmax softmax, bool isMatrix, KvType kvType)
    {
        const int Start = KvLen - SeqLen;
        var input = new ChosenScores(Shape(kvType), ChosenScores.Pattern("normal", KvLen), SeqLen);
        Comparison.AssertClose(
            ScoredPrefill.Run(input, softmax, isMatrix, Start, SeqLen, Sinks).Output,
            Expected(input, [.. Enumerable.Range(Start + 1, SeqLen)]), isMatrix ? Bounds.MatrixF16 : Bounds.AttentionF32);
    }

    /// <summary>Attention without them, times what they leave of the weight.</summary>
    private static double[] Expected(ChosenScores input, int[] visible)
    {
        AttentionShape shape = input.Shape;
        double[] result = input.Reference(visible);
        for (int i = 0; i < result.Length; i++)
        {
            int head = i % shape.QueryWidth / shape.HeadDim;
            double sum = input.Scores.Take(visible[i / shape.QueryWidth]).Sum(score => Math.Exp(ChosenScores.Factor(head) * score));
            result[i] *= sum / (sum + Math.Exp(Sinks[head]));
        }

        return result;
    }

    private static AttentionShape Shape(KvType type) => new(6, 2, 16, 0, RopePairing.Interleaved, KvLen + 5, type, 1);
}

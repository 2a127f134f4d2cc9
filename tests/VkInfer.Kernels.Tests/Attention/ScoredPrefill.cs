using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Attention of the last rows of a text with chosen scores, in either form of prefill.</summary>
internal static class ScoredPrefill
{
    /// <summary>Runs it; the test is inconclusive where the device or the compiler lacks the form.</summary>
    /// <param name="input">As many queries as rows; float16 keys and values for matrix units.</param>
    /// <param name="softmax">How the softmax accumulates.</param>
    /// <param name="isMatrix">Whether on matrix units.</param>
    /// <param name="start">Position of the first row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="sinks">A score more of each head; null: none.</param>
    public static (float[] Output, SoftmaxStats Stats) Run(
        ChosenScores input, AttentionSoftmax softmax, bool isMatrix, int start, int rows, float[]? sinks = null)
    {
        AttentionShape shape = input.Shape;
        using var harness = new KernelHarness();
        GpuDevice device = harness.Context.Device;
        IPrefillAttentionTiling? tiling = isMatrix
            ? PrefillAttentionHeuristic.Matrix(device.Capabilities, harness.Context.IsSoftware, shape, softmax.Scheme, rows)
            : PrefillAttentionHeuristic.Scalar(device.Capabilities, harness.Context.IsSoftware, shape.HeadDim);
        if (tiling is null || (isMatrix && !ShaderLibrary.Contains(PrefillAttentionKernel.MatrixForm(shape.KvType))))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
        }

        GpuBuffer q = harness.UploadActivations(input.Queries, rows, shape.QueryWidth, isMatrix ? ActivationType.F16 : ActivationType.F32);
        BufferView? weights = sinks is null ? null : harness.Upload<float>(sinks).Whole;
        PagedCache cache = harness.Pages(shape, input.Keys, input.Values);
        GpuBuffer stats = harness.Stats();
        SequenceTable sequences = harness.Sequences(cache.Keeps(stats));
        RowList tiles = harness.Rows([.. RowList.Tiles(new RowEntry(0, (uint)start, 0, (uint)rows), tiling!.BlockQ)]);
        GuardedBuffer output = harness.OutputActivations(rows, shape.QueryWidth, ActivationType.F32);
        harness.Run(commands => new PrefillAttentionKernel(harness.Context).RecordTiled(
            commands, tiling!, shape, softmax, tiles, sequences, cache.Layer, q, output.View, rows, ActivationType.F32, weights));
        return (KernelHarness.ReadActivations(output, rows, shape.QueryWidth, ActivationType.F32), SoftmaxStats.Read(device, stats));
    }
}

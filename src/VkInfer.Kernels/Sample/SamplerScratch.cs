using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Memory in which samplers keep what is between their phases: for each choice the struct of <c>shaders/sample/scratch.glsl</c>, then
/// the candidates of as many draws as run at once.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class SamplerScratch
{
    /// <summary>Candidates of so many bytes are held at once; a step with more draws takes several dispatches for its last phase.</summary>
    private const long CandidateBytes = 64L << 20;

    private const int Buckets = 256;
    private const int HeaderWords = 8 + (3 * Buckets) + (4 * SamplerPipeline.MaxSlices);
    private const int Alignment = 256;

    /// <summary>Bytes for so many rows of logits.</summary>
    public static long Bytes(int vocabSize, int rows) => HeaderBytes(rows) + (DrawsAtOnce(vocabSize, rows) * 2L * vocabSize * sizeof(uint));

    /// <summary>Bytes at the beginning that must be zero before the first use.</summary>
    public static long ClearedBytes(int rows) => HeaderBytes(rows);

    internal static int DrawsAtOnce(int vocabSize, int rows) =>
        (int)Math.Clamp(CandidateBytes / (2L * vocabSize * sizeof(uint)), 1, rows);

    internal static BufferView Candidates(BufferView scratch, int vocabSize, int rows) => scratch.Buffer.View(
        scratch.Offset + HeaderBytes(rows), DrawsAtOnce(vocabSize, rows) * 2L * vocabSize * sizeof(uint));

    private static long HeaderBytes(int rows) => ((rows * (long)HeaderWords * sizeof(uint)) + Alignment - 1) / Alignment * Alignment;
}

namespace VkInfer.Kernels.Tests.Radv;

/// <summary>The sizes of a model that the choice of pipelines depends on.</summary>
internal sealed record ModelShape(
    string Name, int HiddenSize, int IntermediateSize, int NumHeads, int NumKvHeads, int HeadDim, int VocabSize, RopePairing Pairing)
{
    /// <summary>Models in common use, with every usual head dimension and with few and many query heads per key head.</summary>
    public static IReadOnlyList<ModelShape> Usual { get; } =
    [
        new("llama2-7b", 4096, 11008, 32, 32, 128, 32000, RopePairing.Interleaved),
        new("llama3-8b", 4096, 14336, 32, 8, 128, 128256, RopePairing.Interleaved),
        new("llama3.2-1b", 2048, 8192, 32, 8, 64, 128256, RopePairing.Interleaved),
        new("seven query heads per key head", 896, 4864, 14, 2, 64, 151936, RopePairing.SplitHalf),
        new("heads of 80", 2560, 6912, 32, 32, 80, 50304, RopePairing.SplitHalf),
        new("heads of 256", 2048, 16384, 8, 1, 256, 256000, RopePairing.SplitHalf),
        new("latents of 576", 2048, 10240, 20, 1, 576, 154880, RopePairing.Interleaved),
        new("heads of 512", 5376, 21504, 32, 4, 512, 262144, RopePairing.SplitHalf),
    ];

    public AttentionShape Attention(KvType kvType) =>
        new(NumHeads, NumKvHeads, HeadDim, HeadDim, Pairing, 4096, kvType, 1 / MathF.Sqrt(HeadDim));
}

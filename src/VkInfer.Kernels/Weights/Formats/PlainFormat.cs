namespace VkInfer.Kernels;

/// <summary>Elements as they are: F32, F16, BF16.</summary>
internal sealed class PlainFormat : WeightFormat
{
    public static PlainFormat F32 { get; } = Create("f32", 4);

    public static PlainFormat F16 { get; } = Create("f16", 2);

    public static PlainFormat BF16 { get; } = Create("bf16", 2);

    public override void PackRow(ReadOnlySpan<byte> source, Span<byte> quants, Span<byte> scales, float tensorScale)
    {
        source.CopyTo(quants);
        quants[source.Length..].Clear();
    }

    private static PlainFormat Create(string name, int bytes) => new()
    {
        Name = name,
        ElementsPerChunk = 16 / bytes,
        BlockSize = 1,
        BlockBytes = bytes,
        QuantBytes = WeightLayout.ColumnAlignment * bytes,
    };
}

using System.Runtime.InteropServices;

namespace VkInfer.Formats.Blocks;

/// <summary>IEEE 754 binary32: a copy.</summary>
internal static class F32Block
{
    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination) => source.CopyTo(MemoryMarshal.AsBytes(destination));
}

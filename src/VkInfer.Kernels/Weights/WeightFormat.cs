using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// One format of weights: how its blocks stand in a file, how on the device, and the way from one to the other. Each has a class here
/// and a GLSL include that reads what the class packs. Immutable.
/// </summary>
internal abstract class WeightFormat
{
    /// <summary>
    /// The format in the names of shader variants and of its GLSL include, e.g. <c>q8_0</c>. Formats that are packed alike share one.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Weights that a shader decodes at a time: W_ELEMS of the GLSL include.</summary>
    public required int ElementsPerChunk { get; init; }

    /// <summary>Weights of a block in a file; rows are whole blocks.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Bytes of a block in a file.</summary>
    public required int BlockBytes { get; init; }

    /// <summary>
    /// Weights whose quants make up whole words on the device; padded rows are whole groups. Scales need only be whole bytes.
    /// </summary>
    public int GroupSize => Math.Max(BlockSize, WeightLayout.ColumnAlignment);

    /// <summary>Bytes of the quants of a group.</summary>
    public required int QuantBytes { get; init; }

    /// <summary>Bytes of the scales of a group; 0 where the format has none.</summary>
    public int ScaleBytes { get; init; }

    /// <summary>Bytes of shared memory in which a shader keeps the format's codebook; 0 where it has none.</summary>
    public int CodebookBytes { get; init; }

    /// <summary>What a device has beside the format's codebook.</summary>
    public DeviceCapabilities BesideCodebook(DeviceCapabilities capabilities) => CodebookBytes == 0
        ? capabilities
        : capabilities with { MaxSharedMemoryBytes = capabilities.MaxSharedMemoryBytes - CodebookBytes };

    /// <summary>The format of a type.</summary>
    public static WeightFormat Of(WeightType type) => type switch
    {
        WeightType.F32 => PlainFormat.F32,
        WeightType.F16 => PlainFormat.F16,
        WeightType.BF16 => PlainFormat.BF16,
        WeightType.Q8_0 => Q8_0Format.Instance,
        WeightType.Q4_0 => Q4_0Format.Instance,
        WeightType.Q4_1 => Q4_1Format.Instance,
        WeightType.Q5_0 => Q5_0Format.Instance,
        WeightType.Q5_1 => Q5_1Format.Instance,
        WeightType.Q2_K => Q2_KFormat.Instance,
        WeightType.Q3_K => Q3_KFormat.Instance,
        WeightType.Q4_K => Q4_KFormat.Instance,
        WeightType.Q5_K => Q5_KFormat.Instance,
        WeightType.Q6_K => Q6_KFormat.Instance,
        WeightType.IQ4_NL => IQ4_NLFormat.Instance,
        WeightType.IQ4_XS => IQ4_XSFormat.Instance,
        WeightType.MXFP4 => MXFP4Format.Instance,
        WeightType.NVFP4 => NVFP4Format.Instance,
        WeightType.Q1_0 => Q1_0Format.Instance,
        WeightType.Q2_0 => Q2_0Format.Instance,
        WeightType.TQ1_0 => TQ1_0Format.Instance,
        WeightType.TQ2_0 => TQ2_0Format.Instance,
        WeightType.IQ1_S => IQ1_SFormat.Instance,
        WeightType.IQ1_M => IQ1_MFormat.Instance,
        WeightType.IQ2_XXS => IQ2_XXSFormat.Instance,
        WeightType.IQ2_XS => IQ2_XSFormat.Instance,
        WeightType.IQ2_S => IQ2_SFormat.Instance,
        WeightType.IQ3_XXS => IQ3_XXSFormat.Instance,
        WeightType.IQ3_S => IQ3_SFormat.Instance,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown weight type"),
    };

    /// <summary>Packs a row of a file; what lies beyond its blocks becomes zero.</summary>
    /// <param name="source">The row's blocks.</param>
    /// <param name="quants">The row's quants, whole groups.</param>
    /// <param name="scales">The row's scales, whole groups.</param>
    /// <param name="tensorScale">What all weights are multiplied with, in formats that have such a scale (NVFP4).</param>
    public abstract void PackRow(ReadOnlySpan<byte> source, Span<byte> quants, Span<byte> scales, float tensorScale);
}

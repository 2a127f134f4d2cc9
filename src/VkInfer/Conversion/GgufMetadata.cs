using VkInfer.Formats;

namespace VkInfer;

/// <summary>Metadata of a GGUF that is written from another.</summary>
internal static class GgufMetadata
{
    private const string Alignment = "general.alignment";
    private const string FileType = "general.file_type";
    private const string QuantizationVersion = "general.quantization_version";

    /// <summary>Version of the block formats, which have not changed since llama.cpp's of 2023.</summary>
    private const uint CurrentQuantizationVersion = 2;

    /// <summary>Copies everything but what describes the old file's layout.</summary>
    /// <returns>Where a row of the new file is in the old one: at the same place.</returns>
    public static Func<GgufTensor, long, long> Copy(GgufFile file, GgufFileWriter writer)
    {
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            if (key != Alignment && !key.StartsWith("split.", StringComparison.Ordinal))
            {
                writer.Set(key, value);
            }
        }

        return (_, row) => row;
    }

    /// <summary>Says what most of the weights are, for people and tools; no reader depends on it.</summary>
    public static void SetFileType(GgufFileWriter writer, GgufTensorType? type)
    {
        if (NumberOf(type) is { } number)
        {
            writer.Set(FileType, GgufValue.FromUInt32(number));
        }

        if (type is { } quantized && Quantizer.IsSupported(quantized))
        {
            writer.Set(QuantizationVersion, GgufValue.FromUInt32(CurrentQuantizationVersion));
        }
    }

    /// <summary>llama.cpp's number of a mixture; null where it has none for one type throughout.</summary>
    private static uint? NumberOf(GgufTensorType? type) => type switch
    {
        GgufTensorType.F32 => 0,
        GgufTensorType.F16 => 1,
        GgufTensorType.Q4_0 => 2,
        GgufTensorType.Q4_1 => 3,
        GgufTensorType.Q8_0 => 7,
        GgufTensorType.Q5_0 => 8,
        GgufTensorType.Q5_1 => 9,
        GgufTensorType.Q2_K => 10,
        GgufTensorType.Q3_K => 11,
        GgufTensorType.Q4_K => 14,
        GgufTensorType.Q5_K => 16,
        GgufTensorType.Q6_K => 18,
        GgufTensorType.IQ4_NL => 25,
        GgufTensorType.IQ4_XS => 30,
        GgufTensorType.BF16 => 32,
        _ => null,
    };
}

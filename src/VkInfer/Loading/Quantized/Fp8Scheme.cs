using System.Buffers.Binary;
using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// FP8: a number of E4M3 for each weight, [out, in], and scales with which they are multiplied: one of the matrix, one of each row, or
/// one of each block of rows and columns (transformers' <c>fp8</c>: <c>weight_scale_inv</c>; compressed-tensors' <c>float-quantized</c> and
/// modelopt: <c>weight_scale</c>). It becomes BF16 where all scales are powers of two, which holds it exactly, else F32. Scales of
/// activations and of a cache in eight bits have no use here.
/// </summary>
internal sealed class Fp8Scheme : HfScheme
{
    private readonly (int Rows, int Columns)? _block;

    private Fp8Scheme(string scales, HfJson settings, string blockKey)
    {
        ScalesSuffix = scales;
        _block = settings.Counts(blockKey, ModelLimits.MaxWidth) switch
        {
            [] => null,
            [var rows, var columns] => (rows, columns),
            var other => throw settings.Wrong(blockKey, "rows and columns of a block", $"[{string.Join(", ", other)}]"),
        };
    }

    public override string QuantsSuffix => ".weight";

    public override string ScalesSuffix { get; }

    /// <summary>transformers' <c>fp8</c>, as DeepSeek, Qwen and MiniMax publish it.</summary>
    public static Fp8Scheme OfTransformers(HfJson settings) => settings.TryString("fmt") is null or "e4m3"
        ? new(".weight_scale_inv", settings, "weight_block_size")
        : throw settings.Wrong("fmt", "e4m3", $"\"{settings.TryString("fmt")}\"");

    /// <summary>modelopt's <c>FP8</c>.</summary>
    public static Fp8Scheme OfModelopt(HfJson settings) => new(".weight_scale", settings, "weight_block_size");

    /// <summary>compressed-tensors' <c>float-quantized</c>.</summary>
    /// <param name="weights">What the folder says of weights.</param>
    public static Fp8Scheme OfCompressed(HfJson weights)
    {
        if (weights.Int("num_bits", 8) is var bits and not 8)
        {
            throw weights.Wrong("num_bits", "8", $"{bits}");
        }

        return weights.TryString("type") is "float"
            ? new(".weight_scale", weights, "block_structure")
            : throw weights.Wrong("type", "float", $"\"{weights.TryString("type")}\"");
    }

    public override IReadOnlyList<HfPart> Find(IWeightSource file, PackedParts parts)
    {
        // Bytes of any kind are I8 here.
        GgufTensor quants = parts.Take(QuantsSuffix, GgufTensorType.I8);
        GgufTensor scales = parts.Take(ScalesSuffix, GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.F32);
        foreach (string unused in new[] { ".input_scale", ".activation_scale", ".k_scale", ".v_scale" })
        {
            parts.TryTake(unused);
        }

        (long rows, long columns) = (quants.Rows, quants.Columns);
        (long scaleRows, long scaleColumns) = scales.ElementCount == 1 ? (rows, columns) : _block ?? (1, columns);
        long perRow = Math.Max(1, (columns + scaleColumns - 1) / scaleColumns);
        if (scales.ElementCount != (rows + scaleRows - 1) / scaleRows * perRow)
        {
            parts.Check(scales, (rows + scaleRows - 1) / scaleRows, perRow);
        }

        float[] values = new float[scales.ElementCount];
        Dequantizer.ToFloat32(scales.Type, file.GetTensorData(scales, 0, checked((int)scales.ByteSize)), values);
        return [new(".weight", name => new Matrix(name, quants, new Scales(values, scaleRows, scaleColumns, perRow)))];
    }

    /// <summary>The scales of a matrix.</summary>
    private sealed record Scales(float[] Values, long Rows, long Columns, long PerRow)
    {
        /// <summary>The scale of a weight.</summary>
        public float Of(long row, long column) => Values[(row / Rows * PerRow) + (column / Columns)];

        /// <summary>Whether products with numbers of E4M3 have no more bits than these.</summary>
        public bool AreExponents => Values.All(value =>
            BitConverter.SingleToUInt32Bits(value) is var bits && (bits & 0x7FFFFF) == 0 && bits >> 23 is >= 10 and <= 245);
    }

    private sealed class Matrix(string name, GgufTensor quants, Scales scales) : HfTensorForm(Describe(name, quants, scales))
    {
        private static readonly float[] Numbers = [.. Enumerable.Range(0, 256).Select(Number)];

        public override byte[] Read(IWeightSource file)
        {
            byte[] numbers = file.GetTensorData(quants, 0, checked((int)quants.ByteSize));
            byte[] data = new byte[Changed.ByteSize];
            int columns = checked((int)quants.Columns);
            Parallel.For(0, checked((int)quants.Rows), row => Decode(
                row, numbers.AsSpan(row * columns, columns), data.AsSpan(row * (int)Changed.RowBytes, (int)Changed.RowBytes)));
            return data;
        }

        private static GgufTensor Describe(string name, GgufTensor quants, Scales scales)
        {
            GgufTensorType type = scales.AreExponents ? GgufTensorType.BF16 : GgufTensorType.F32;
            return quants with { Name = name, Type = type, ByteSize = quants.Rows * GgufTensorTypes.RowBytes(type, quants.Columns) };
        }

        private void Decode(int row, ReadOnlySpan<byte> numbers, Span<byte> data)
        {
            for (int column = 0; column < numbers.Length; column++)
            {
                float value = Numbers[numbers[column]] * scales.Of(row, column);
                if (Changed.Type == GgufTensorType.F32)
                {
                    BinaryPrimitives.WriteSingleLittleEndian(data[(4 * column)..], value);
                }
                else
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(data[(2 * column)..], (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                }
            }
        }

        // E4M3 of the OCP's 8-bit formats: no infinities; all bits but the sign set is no number.
        private static float Number(int bits)
        {
            (int exponent, int mantissa) = ((bits >> 3) & 15, bits & 7);
            float size = exponent == 15 && mantissa == 7 ? float.NaN
                : MathF.ScaleB(exponent == 0 ? mantissa : 8 + mantissa, Math.Max(exponent, 1) - 10);
            return bits < 128 ? size : -size;
        }
    }
}

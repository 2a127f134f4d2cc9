using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// The experts of gpt-oss as Hugging Face stores them: rows of gate and up take turns in one tensor. As floats they stand [experts, in,
/// out]; in MXFP4 as <c>_blocks</c> [experts, out, in / 32, 16], neighbours sharing a byte, and <c>_scales</c> [experts, out, in / 32].
/// </summary>
/// <param name="isMxfp4">Which of the two.</param>
internal sealed class GptOssExperts(bool isMxfp4) : HfScheme
{
    private const string GateUp = "experts.gate_up_proj";
    private const string Down = "experts.down_proj";
    private const string Blocks = "_blocks";
    private const string Scales = "_scales";
    private const int BlockSize = 32;
    private const int BlockBytes = 17;

    public override string QuantsSuffix => isMxfp4 ? GateUp + Blocks : GateUp;

    public override string ScalesSuffix => isMxfp4 ? GateUp + Scales : "";

    /// <summary>How a folder stores them.</summary>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <exception cref="UnsupportedModelException">In another format.</exception>
    public static GptOssExperts In(HfJson config) => config.TryObject("quantization_config") is not { } settings ? new(isMxfp4: false)
        : settings.String("quant_method") == "mxfp4" ? new(isMxfp4: true)
        : throw settings.Wrong("quant_method", "mxfp4", $"\"{settings.String("quant_method")}\"");

    public override IReadOnlyList<HfPart> Find(IWeightSource file, PackedParts parts)
    {
        GgufTensor biases = parts.Take(GateUp + "_bias");
        GgufTensor downBias = parts.Take(Down + "_bias");
        return
        [
            .. Matrices(parts),
            new("experts.gate_proj.bias", name => new Rows(name, biases, 0, 2)),
            new("experts.up_proj.bias", name => new Rows(name, biases, 1, 2)),
            new("experts.down_proj.bias", name => new Rows(name, downBias, 0, 1)),
        ];
    }

    private IEnumerable<HfPart> Matrices(PackedParts parts)
    {
        (string Name, string Stored, int First, int Step)[] matrices =
            [("gate_proj", GateUp, 0, 2), ("up_proj", GateUp, 1, 2), ("down_proj", Down, 0, 1)];
        foreach ((string name, string stored, int first, int step) in matrices)
        {
            string part = $"experts.{name}.weight";
            if (!isMxfp4)
            {
                GgufTensor floats = parts.Take(stored);
                yield return new(part, gguf => new Transposed(gguf, floats, first, step));
                continue;
            }

            // Bytes of any kind are I8 here.
            GgufTensor blocks = parts.Take(stored + Blocks, GgufTensorType.I8);
            GgufTensor scales = parts.Take(stored + Scales, GgufTensorType.I8);
            parts.Check(blocks, [.. scales.Dimensions.Reverse(), BlockSize / 2]);
            yield return new(part, gguf => new Mxfp4(gguf, blocks, scales, first, step));
        }
    }

    /// <summary>Of a tensor [experts, elements] every so many-th element.</summary>
    private sealed class Rows(string name, GgufTensor stored, int first, int step) : HfTensorForm(stored with
    {
        Name = name,
        Dimensions = [stored.Columns / step, stored.Rows],
        ByteSize = stored.ByteSize / step,
    })
    {
        public override byte[] Read(IWeightSource file)
        {
            byte[] data = file.GetTensorData(stored, 0, checked((int)stored.ByteSize));
            int size = checked((int)(stored.ByteSize / stored.ElementCount));
            byte[] rows = new byte[Changed.ByteSize];
            for (int i = 0; i < rows.Length / size; i++)
            {
                data.AsSpan(((i * step) + first) * size, size).CopyTo(rows.AsSpan(i * size));
            }

            return rows;
        }
    }

    /// <summary>Of a tensor [experts, in, out] every so many-th output, as [experts, out, in].</summary>
    private sealed class Transposed(string name, GgufTensor stored, int first, int step) : HfTensorForm(stored with
    {
        Name = name,
        Dimensions = stored.Dimensions is [var outputs, var inputs, var experts] ? [inputs, outputs / step, experts]
            : throw new UnsupportedModelException($"tensor {stored.Name} has {stored.Dimensions.Length} dimensions; expected 3."),
        ByteSize = stored.ByteSize / step,
    })
    {
        public override byte[] Read(IWeightSource file)
        {
            (int inputs, int outputs, int experts) =
                (checked((int)Changed.Dimensions[0]), checked((int)Changed.Dimensions[1]), checked((int)Changed.Dimensions[2]));
            int size = checked((int)(stored.ByteSize / stored.ElementCount));
            int expertBytes = checked(inputs * outputs * step * size);
            byte[] expert = new byte[expertBytes];
            byte[] result = new byte[Changed.ByteSize];
            for (int e = 0; e < experts; e++)
            {
                file.ReadTensor(stored, (long)e * expertBytes, expert);
                Span<byte> to = result.AsSpan(e * inputs * outputs * size);
                for (int row = 0; row < outputs; row++)
                {
                    for (int column = 0; column < inputs; column++)
                    {
                        expert.AsSpan(((column * outputs * step) + (row * step) + first) * size, size)
                            .CopyTo(to[(((row * inputs) + column) * size)..]);
                    }
                }
            }

            return result;
        }
    }

    /// <summary>Every so many-th row, in GGUF's blocks.</summary>
    private sealed class Mxfp4(string name, GgufTensor blocks, GgufTensor scales, int first, int step) : HfTensorForm(scales with
    {
        Name = name,
        Type = GgufTensorType.MXFP4,
        Dimensions = [scales.Dimensions[0] * BlockSize, scales.Dimensions[1] / step, scales.Dimensions[2]],
        ByteSize = scales.ElementCount / step * BlockBytes,
    })
    {
        public override byte[] Read(IWeightSource file)
        {
            int perRow = checked((int)scales.Dimensions[0]);
            byte[] exponents = file.GetTensorData(scales, 0, checked((int)scales.ByteSize));
            byte[] row = new byte[perRow * (BlockSize / 2)];
            byte[] result = new byte[Changed.ByteSize];
            for (int i = 0; i < result.Length / (perRow * BlockBytes); i++)
            {
                int from = (i * step) + first;
                file.ReadTensor(blocks, (long)from * row.Length, row);
                for (int block = 0; block < perRow; block++)
                {
                    Span<byte> to = result.AsSpan(((i * perRow) + block) * BlockBytes, BlockBytes);
                    to[0] = exponents[(from * perRow) + block];
                    Interleave(row.AsSpan(block * (BlockSize / 2), BlockSize / 2), to[1..]);
                }
            }

            return result;
        }

        // Neighbours share a byte in the folder; here those that are sixteen apart do.
        private static void Interleave(ReadOnlySpan<byte> from, Span<byte> to)
        {
            for (int i = 0; i < from.Length; i++)
            {
                int shift = 4 * (i % 2);
                to[i] = (byte)(((from[i / 2] >> shift) & 15) | (((from[8 + (i / 2)] >> shift) & 15) << 4));
            }
        }
    }
}

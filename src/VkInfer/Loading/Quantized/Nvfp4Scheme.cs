using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// NVFP4: two numbers of E2M1 to a byte, [out, in / 2], a scale of E4M3 for each 16, [out, in / 16], and one of float32 for all, with
/// which they are multiplied (modelopt: <c>weight</c>, <c>weight_scale</c>, <c>weight_scale_2</c>) or divided (compressed-tensors:
/// <c>weight_packed</c>, <c>weight_scale</c>, <c>weight_global_scale</c>). Scales of activations and of a cache in eight bits have no use
/// here.
/// </summary>
/// <param name="isDivided">Which of the two.</param>
internal sealed class Nvfp4Scheme(bool isDivided) : HfScheme
{
    private const int Numbers = 16;

    public override string QuantsSuffix => isDivided ? ".weight_packed" : ".weight";

    public override string ScalesSuffix => isDivided ? ".weight_global_scale" : ".weight_scale_2";

    public override IReadOnlyList<HfPart> Find(IWeightSource file, PackedParts parts)
    {
        // Bytes of any kind are I8 here.
        GgufTensor quants = parts.Take(QuantsSuffix, GgufTensorType.I8);
        GgufTensor scales = parts.Take(".weight_scale", GgufTensorType.I8);
        GgufTensor scale = parts.Take(ScalesSuffix, GgufTensorType.F32);
        foreach (string unused in new[] { ".input_scale", ".input_global_scale", ".k_scale", ".v_scale" })
        {
            parts.TryTake(unused);
        }

        long inputs = 2 * quants.Columns;
        parts.Check(scales, quants.Rows, inputs / Numbers);
        parts.Check(scale, 1);
        int block = GgufTensorTypes.BlockSize(GgufTensorType.NVFP4);
        return inputs % block == 0
            ? [new(".weight", name => new Blocks(name, quants, scales)), new(".scale", name => new Scale(name, scale, isDivided))]
            : throw new UnsupportedModelException(
                $"{file.Path}: tensor {quants.Name} has {inputs} inputs; expected a multiple of {block}.");
    }

    /// <summary>Blocks as GGUF has them.</summary>
    private sealed class Blocks(string name, GgufTensor quants, GgufTensor scales) : HfTensorForm(quants with
    {
        Name = name,
        Type = GgufTensorType.NVFP4,
        Dimensions = [2 * quants.Columns, quants.Rows],
        ByteSize = quants.Rows * GgufTensorTypes.RowBytes(GgufTensorType.NVFP4, 2 * quants.Columns),
    })
    {
        public override byte[] Read(IWeightSource file)
        {
            byte[] numbers = file.GetTensorData(quants, 0, checked((int)quants.ByteSize));
            byte[] factors = file.GetTensorData(scales, 0, checked((int)scales.ByteSize));
            byte[] blocks = new byte[Changed.ByteSize];
            const int Scales = 4;
            for (int block = 0; block < factors.Length / Scales; block++)
            {
                Span<byte> to = blocks.AsSpan(36 * block, 36);
                factors.AsSpan(Scales * block, Scales).CopyTo(to);
                for (int part = 0; part < Scales; part++)
                {
                    // Neighbours share a byte in the file; here those that are eight apart do.
                    ReadOnlySpan<byte> from = numbers.AsSpan((32 * block) + (8 * part), 8);
                    for (int i = 0; i < 8; i++)
                    {
                        int shift = 4 * (i % 2);
                        to[Scales + (8 * part) + i] = (byte)(((from[i / 2] >> shift) & 15) | (((from[4 + (i / 2)] >> shift) & 15) << 4));
                    }
                }
            }

            return blocks;
        }
    }

    /// <summary>The scale of the whole tensor.</summary>
    private sealed class Scale(string name, GgufTensor scale, bool isDivided) : HfTensorForm(scale with { Name = name })
    {
        public override byte[] Read(IWeightSource file)
        {
            float value = MemoryMarshal.Read<float>(file.GetTensorData(scale, 0, sizeof(float)));
            return BitConverter.GetBytes(isDivided ? 1 / value : value);
        }
    }
}

using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// AWQ (AutoAWQ's <c>gemm</c>): <c>qweight</c> [in, out / 8] and <c>qzeros</c> [groups, out / 8] with eight outputs to a word, even ones
/// first; <c>scales</c> [groups, out].
/// </summary>
internal sealed class AwqScheme : PackedScheme
{
    private readonly int _groupSize;

    public AwqScheme(HfJson settings)
    {
        _groupSize = GroupSize(settings, "group_size");
        if (settings.Int("bits", 8) is var bits and not 4)
        {
            throw settings.Wrong("bits", "4", $"{bits}");
        }

        if (settings.TryString("version") is { } version && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
        {
            throw settings.Wrong("version", "gemm", $"\"{version}\"");
        }
    }

    public override string QuantsSuffix => ".qweight";

    public override string ScalesSuffix => ".scales";

    protected override PackedTensors Find(PackedParts parts)
    {
        GgufTensor quants = parts.Take(".qweight", GgufTensorType.I32);
        (int words, int inputs) = (checked((int)quants.Columns), checked((int)quants.Rows));
        int groups = parts.Groups(inputs, _groupSize);
        GgufTensor scales = parts.Take(".scales", Floats);
        GgufTensor? zeros = parts.TryTake(".qzeros", GgufTensorType.I32);
        parts.Check(scales, groups, 8 * words);
        if (zeros is not null)
        {
            parts.Check(zeros, groups, words);
        }

        var packing = new Packing(4, true, 1, words, Packing.Interleaved);
        return new PackedTensors(8 * words, inputs, groups, quants, packing, scales, false, zeros, packing, 0, null);
    }
}

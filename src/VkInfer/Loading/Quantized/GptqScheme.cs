using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// GPTQ (AutoGPTQ, GPTQModel): <c>qweight</c> [in / n, out] with n inputs to a word, <c>qzeros</c> [groups, out / n] one less than meant
/// unless the checkpoint's format is <c>gptq_v2</c>, <c>scales</c> [groups, out], and with <c>desc_act</c> the group of each input in
/// <c>g_idx</c>.
/// </summary>
internal sealed class GptqScheme(HfJson settings) : PackedScheme
{
    private readonly int _bits = settings.Int("bits", 8) is var bits and (4 or 8)
        ? bits
        : throw settings.Wrong("bits", "4 or 8", $"{settings.Int("bits", 8)}");

    private readonly int _groupSize = GroupSize(settings, "group_size");

    private readonly int _zeroOffset = settings.TryString("checkpoint_format") switch
    {
        null or "gptq" => 1,
        "gptq_v2" => 0,
        var other => throw settings.Wrong("checkpoint_format", "gptq or gptq_v2", $"\"{other}\""),
    };

    public override string QuantsSuffix => ".qweight";

    public override string ScalesSuffix => ".scales";

    protected override PackedTensors Find(PackedParts parts)
    {
        GgufTensor quants = parts.Take(".qweight", GgufTensorType.I32);
        int perWord = 32 / _bits;
        (int outputs, int inputs) = (checked((int)quants.Columns), checked((int)quants.Rows * perWord));
        int groups = parts.Groups(inputs, _groupSize);
        GgufTensor scales = parts.Take(".scales", Floats);
        GgufTensor zeros = parts.Take(".qzeros", GgufTensorType.I32);
        GgufTensor? indices = parts.TryTake(".g_idx", GgufTensorType.I32);
        parts.Check(scales, groups, outputs);
        parts.Check(zeros, groups, outputs / perWord);
        if (indices is not null)
        {
            parts.Check(indices, inputs);
        }

        return new PackedTensors(
            outputs, inputs, groups, quants, new Packing(_bits, false, 1, outputs), scales, false, zeros,
            new Packing(_bits, true, 1, outputs / perWord), _zeroOffset, indices);
    }
}

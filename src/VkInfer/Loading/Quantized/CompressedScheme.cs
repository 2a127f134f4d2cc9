using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// compressed-tensors' <c>pack-quantized</c>: <c>weight_packed</c> [out, in / n] with n inputs to a word, offset by half their range,
/// <c>weight_scale</c> [out, groups], <c>weight_zero_point</c> [out / n, groups] where it is asymmetric, <c>weight_g_idx</c>.
/// </summary>
internal sealed class CompressedScheme : PackedScheme
{
    private readonly int _bits;
    private readonly int _groupSize;

    public CompressedScheme(HfJson settings)
    {
        if (settings.TryString("format") is var format and not "pack-quantized")
        {
            throw settings.Wrong(
                "format", "pack-quantized, float-quantized or nvfp4-pack-quantized", format is null ? "nothing" : $"\"{format}\"");
        }

        HfJson weights = OnlyWeights(settings);
        _bits = weights.Int("num_bits", 8);
        if (_bits is not (4 or 8))
        {
            throw weights.Wrong("num_bits", "4 or 8", $"{_bits}");
        }

        if (weights.TryString("type") is { } type and not "int")
        {
            throw weights.Wrong("type", "int", $"\"{type}\"");
        }

        _groupSize = weights.TryString("strategy") switch
        {
            "group" => GroupSize(weights, "group_size"),
            "channel" => -1,
            var strategy => throw weights.Wrong("strategy", "group or channel", strategy is null ? "nothing" : $"\"{strategy}\""),
        };
    }

    /// <summary>What a folder says of weights, which are all quantised alike.</summary>
    public static HfJson OnlyWeights(HfJson settings)
    {
        HfJson all = settings.TryObject("config_groups") ?? throw settings.Wrong("config_groups", "an object", "nothing");
        HfJson[] groups = [.. all.NamedObjects().Select(group => group.Value.TryObject("weights")).OfType<HfJson>()];
        return groups.Length == 1 ? groups[0] : throw settings.Wrong("config_groups", "one group with weights", $"{groups.Length}");
    }

    public override string QuantsSuffix => ".weight_packed";

    public override string ScalesSuffix => ".weight_scale";

    protected override PackedTensors Find(PackedParts parts)
    {
        GgufTensor quants = parts.Take(".weight_packed", GgufTensorType.I32);
        parts.TryTake(".weight_shape");
        int perWord = 32 / _bits;
        (int outputs, int words) = (checked((int)quants.Rows), checked((int)quants.Columns));
        int inputs = words * perWord;
        int groups = parts.Groups(inputs, _groupSize);
        GgufTensor scales = parts.Take(".weight_scale", Floats);
        GgufTensor? zeros = parts.TryTake(".weight_zero_point", GgufTensorType.I32);
        GgufTensor? indices = parts.TryTake(".weight_g_idx", GgufTensorType.I32);
        parts.Check(scales, outputs, groups);
        if (zeros is not null)
        {
            parts.Check(zeros, outputs / perWord, groups);
        }

        if (indices is not null)
        {
            parts.Check(indices, inputs);
        }

        return new PackedTensors(
            outputs, inputs, groups, quants, new Packing(_bits, false, words, 1), scales, true, zeros,
            new Packing(_bits, true, groups, 1), 0, indices);
    }
}

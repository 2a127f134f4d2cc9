using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>One way of storing matrices of small integers in safetensors.</summary>
internal abstract class PackedScheme : HfScheme
{
    /// <summary>Types that scales may have.</summary>
    protected static ReadOnlySpan<GgufTensorType> Floats => [GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.F32];

    /// <inheritdoc/>
    public sealed override IReadOnlyList<HfPart> Find(IWeightSource file, PackedParts parts)
    {
        PackedTensors tensors = Find(parts);
        return [new(".weight", name => new PackedIntegers(file, name, tensors))];
    }

    /// <summary>The parts of one matrix.</summary>
    /// <exception cref="UnsupportedModelException">One is missing, or has the wrong type or shape.</exception>
    protected abstract PackedTensors Find(PackedParts parts);

    /// <summary>The size of a group: -1 for all inputs, or whole blocks.</summary>
    protected static int GroupSize(HfJson settings, string key)
    {
        int size = settings.TryInt(key, ModelLimits.MaxWidth, -1) ?? -1;
        return size == -1 || (size > 0 && size % 32 == 0)
            ? size
            : throw settings.Wrong(key, "-1 or a multiple of 32", size.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }
}

/// <summary>
/// GPTQ (AutoGPTQ, GPTQModel): <c>qweight</c> [in / n, out] with n inputs to a word, <c>qzeros</c> [groups, out / n] one less than meant unless
/// the checkpoint's format is <c>gptq_v2</c>, <c>scales</c> [groups, out], and with <c>desc_act</c> the group of each input in <c>g_idx</c>.
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

/// <summary>
/// AWQ (AutoAWQ's <c>gemm</c>): <c>qweight</c> [in, out / 8] and <c>qzeros</c> [groups, out / 8] with eight outputs to a word, even ones first;
/// <c>scales</c> [groups, out].
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
            throw settings.Wrong("format", "pack-quantized or nvfp4-pack-quantized", format is null ? "nothing" : $"\"{format}\"");
        }

        HfJson[] groups = [.. (settings.TryObject("config_groups") ?? throw settings.Wrong("config_groups", "an object", "nothing"))
            .NamedObjects().Select(group => group.Value.TryObject("weights")).OfType<HfJson>()];
        HfJson weights = groups.Length == 1 ? groups[0] : throw settings.Wrong("config_groups", "one group with weights", $"{groups.Length}");
        _bits = weights.Int("num_bits", 8) is var bits and (4 or 8) ? bits : throw weights.Wrong("num_bits", "4 or 8", $"{weights.Int("num_bits", 8)}");
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
            outputs, inputs, groups, quants, new Packing(_bits, false, words, 1), scales, true, zeros, new Packing(_bits, true, groups, 1), 0, indices);
    }
}

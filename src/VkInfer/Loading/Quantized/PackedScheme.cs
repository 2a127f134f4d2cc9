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

using VkInfer.Formats;

namespace VkInfer.Configuration;

/// <summary>
/// How a GGUF file changes the rotary frequencies, with llama.cpp's defaults (llama-model.cpp, load_hparams; llama-context.cpp, the
/// constructor; ggml_rope_yarn): the type is linear unless the file says otherwise, the older key <c>rope.scale_linear</c> stands in for
/// <c>rope.scaling.factor</c>, and <c>rope.scaling.attn_factor</c> counts with every type.
/// </summary>
internal sealed class GgufRopeReader(GgufKeys keys)
{
    private static readonly string[] Types = ["none", "linear", "yarn", "longrope"];

    /// <summary>Reads the scaling; null where there is none.</summary>
    /// <param name="rotaryDim">Rotated elements of a head.</param>
    /// <param name="contextLength">Positions of the training, which are the original ones where the file has no others.</param>
    /// <param name="takesLongFactors">
    /// Whether the family has LongRoPE's factors whatever the type; else only with type <c>longrope</c>.
    /// </param>
    public RopeScaling? Read(int rotaryDim, int contextLength, bool takesLongFactors)
    {
        string type = keys.TryText("rope.scaling.type") ?? "linear";
        if (!Types.Contains(type))
        {
            throw keys.Wrong("rope.scaling.type", string.Join(", ", Types));
        }

        float factor = type == "none" ? 1 : ReadFactor();
        int original = keys.TryCount("rope.scaling.original_context_length", ModelLimits.MaxContextLength, min: 0) is > 0 and var said
            ? said
            : contextLength;
        double attention = (keys.TryNumber("rope.scaling.attn_factor", NumberRange.AttentionFactor) ?? 1f)
            * (double)(keys.TryNumber("rope.scaling.yarn_attn_factor", NumberRange.AttentionFactor, none: number => number < 0) ?? 1f);
        float yarn = keys.TryNumber("rope.scaling.yarn_ext_factor", NumberRange.Share, none: number => number < 0)
            ?? (type == "yarn" ? 1f : 0f);

        var parts = new List<RopeScaling>();
        if ((takesLongFactors || type == "longrope") && ReadFactors("rope_factors_long.weight", rotaryDim) is { } longFactors)
        {
            float[] shortFactors = ReadFactors("rope_factors_short.weight", rotaryDim)
                ?? throw new UnsupportedModelException(
                    $"{keys.File.Path}: tensor rope_factors_short.weight is missing beside rope_factors_long.weight.");
            parts.Add(new LongRopeScaling(shortFactors, longFactors, original, (float)(yarn > 0 ? 1 : attention)));
            attention = yarn > 0 ? attention : 1;
        }
        else if (ReadFactors("rope_freqs.weight", rotaryDim) is { } factors)
        {
            parts.Add(new RopeFrequencyFactors(factors));
        }

        if (yarn > 0)
        {
            parts.Add(ReadYarn(factor, original, attention, yarn));
        }
        else if (factor != 1 || attention != 1)
        {
            parts.Add(new LinearRopeScaling(factor, (float)attention));
        }

        return parts.Count > 1 ? new CombinedRopeScaling(parts) : parts.FirstOrDefault();
    }

    /// <summary>0 means that there is none.</summary>
    private float ReadFactor()
    {
        string name = keys.Has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
        return keys.TryNumber(name, NumberRange.RopeFactor, none: number => number == 0) ?? 1f;
    }

    private YarnRopeScaling ReadYarn(float factor, int original, double attention, float share)
    {
        float fast = keys.TryNumber("rope.scaling.yarn_beta_fast", NumberRange.Turns) ?? 32f;
        float slow = keys.TryNumber("rope.scaling.yarn_beta_slow", NumberRange.Turns) ?? 1f;
        if (fast < slow)
        {
            throw keys.Has("rope.scaling.yarn_beta_fast")
                ? keys.Wrong("rope.scaling.yarn_beta_fast", FormattableString.Invariant($"at least yarn_beta_slow, {slow}"))
                : keys.Wrong("rope.scaling.yarn_beta_slow", FormattableString.Invariant($"at most yarn_beta_fast, {fast}"));
        }

        float weight = keys.TryNumber("rope.scaling.yarn_log_multiplier", NumberRange.Magnitude, none: number => number == 0) ?? 0f;
        double divisor = weight == 0 ? 1 : YarnRopeScaling.DefaultMagnitude(factor, weight);
        double magnitude = attention * YarnRopeScaling.DefaultMagnitude(factor) / divisor;
        return new YarnRopeScaling(factor, original, fast, slow, (float)magnitude) { Share = share };
    }

    // Frequencies are divided by them.
    private float[]? ReadFactors(string name, int rotaryDim)
    {
        GgufFile file = keys.File;
        if (!file.TryGetTensor(name, out GgufTensor? tensor))
        {
            return null;
        }

        int length = rotaryDim / 2;
        if (tensor.Columns != length || tensor.Rows != 1 || tensor.Type != GgufTensorType.F32)
        {
            throw new UnsupportedModelException(
                $"{file.Path}: tensor {name} is {string.Join(" x ", tensor.Dimensions.Reverse())} {tensor.Type}; "
                + $"expected {length} elements F32.");
        }

        float[] factors = new float[length];
        Dequantizer.ToFloat32(tensor.Type, file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), factors);
        int bad = Array.FindIndex(factors, factor => !NumberRange.FrequencyFactor.Contains(factor));
        return bad < 0 ? factors : throw new UnsupportedModelException(
            FormattableString.Invariant($"{file.Path}: tensor {name} is {factors[bad]} at {bad}; expected {NumberRange.FrequencyFactor}."));
    }
}

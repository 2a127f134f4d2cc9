using Microsoft.Extensions.Logging;

namespace VkInfer.Configuration;

/// <summary>
/// The rotary embedding of a Hugging Face configuration, as transformers 5 reads it (modeling_rope_utils.py): <c>rope_scaling</c> or
/// <c>rope_parameters</c>, whose fields come before those of the same name beside it; of an object for each kind of layer the one of the
/// layers that see everything.
/// </summary>
internal sealed class HfRopeReader
{
    private const string Full = "full_attention";
    private const string Windowed = "sliding_attention";
    private const string Original = "original_max_position_embeddings";

    private readonly HfJson _json;
    private readonly HfDefaults _defaults;
    private readonly ILogger? _logger;
    private readonly HfJson? _rope;

    public HfRopeReader(HfJson json, HfDefaults defaults, ILogger? logger)
    {
        (_json, _defaults, _logger) = (json, defaults, logger);
        HfJson? parameters = json.TryObject("rope_parameters");
        HfJson? scaling = json.TryObject("rope_scaling") is { IsEmpty: false } some ? some : null;
        Windows = parameters?.TryNested(Windowed) ?? scaling?.TryNested(Windowed);
        _rope = scaling is null ? parameters?.TryNested(Full) ?? parameters : scaling.TryNested(Full) ?? scaling;
        if ((Windows?.TryString("rope_type") ?? Windows?.TryString("type")) is { } type && type != "default")
        {
            throw Windows!.Wrong(Windows.Has("rope_type") ? "rope_type" : "type",
                "default: frequencies of layers with a window are not scaled", $"\"{type}\"");
        }

        Theta = Number("rope_theta", NumberRange.RopeTheta) ?? defaults.RopeTheta;
        RotatedShare = Number("partial_rotary_factor", NumberRange.RotatedShare) ?? defaults.RotatedShare;
    }

    /// <summary>What is said of layers with a window; null: nothing.</summary>
    public HfJson? Windows { get; }

    /// <summary>Base of the frequencies.</summary>
    public float Theta { get; }

    /// <summary>Share of a head that is rotated.</summary>
    public float RotatedShare { get; }

    /// <summary>
    /// Whether all pairs of a head are rotated by the frequencies of all, but only the first share of them by any (Gemma 4).
    /// </summary>
    public bool IsProportional => Type == "proportional";

    private string? Type => _rope is null ? _defaults.RopeType : _rope.TryString(TypeKey);

    private string TypeKey => _rope?.Has("rope_type") == true ? "rope_type" : "type";

    /// <summary>How the frequencies are changed for long sequences.</summary>
    /// <param name="pairs">Rotated pairs of a head.</param>
    /// <param name="contextLength">Longest sequence.</param>
    public RopeScaling? ReadScaling(int pairs, int contextLength)
    {
        HfJson rope = _rope ?? HfJson.Empty(_json.Path, "rope_parameters.");
        string key = TypeKey;
        string? type = Type;
        if (type is null && rope.Has("factor"))
        {
            _logger?.LogWarning("{Path}: the factor of {Key} does nothing without rope_type", rope.Path, rope.Where("factor"));
        }

        return type switch
        {
            // NTK by length changes nothing up to max_position_embeddings, and no session is longer.
            null or "default" or "dynamic" => null,
            "linear" => new LinearRopeScaling(rope.Number("factor", NumberRange.RopeFactor)),
            "proportional" => ReadProportional(rope, pairs),
            "llama3" => ReadLlama3(rope, contextLength),
            "longrope" or "su" => ReadLongRope(rope, pairs, contextLength),
            "yarn" => _defaults.CallsLongRopeYarn ? ReadLongRope(rope, pairs, contextLength) : ReadYarn(rope, contextLength),
            _ => throw rope.Wrong(key, "default, linear, dynamic, proportional, llama3, yarn or longrope", $"\"{type}\""),
        };
    }

    // A position of the first training has a key of its own in some types, which then comes first.
    private int OriginalLength(HfJson rope, int contextLength) => _json.TryInt(Original, ModelLimits.MaxContextLength)
        ?? _defaults.OriginalContextLength ?? rope.TryInt(Original, ModelLimits.MaxContextLength) ?? contextLength;

    private YarnRopeScaling ReadYarn(HfJson rope, int contextLength)
    {
        int original = OriginalLength(rope, contextLength);
        float factor = rope.TryNumber("factor", NumberRange.RopeFactor) ?? (float)contextLength / original;
        float fast = Or(rope, "beta_fast", 32f);
        float slow = Or(rope, "beta_slow", 1f);
        if (fast < slow)
        {
            string key = rope.Has("beta_fast") ? "beta_fast" : "beta_slow";
            throw rope.Wrong(key, FormattableString.Invariant($"beta_fast of at least beta_slow, {slow}"),
                key == "beta_fast" ? fast : slow);
        }

        float weight = rope.TryNumber("mscale", NumberRange.Magnitude) ?? 0;
        float weightOfAll = rope.TryNumber("mscale_all_dim", NumberRange.Magnitude) ?? 0;
        double magnitude = weight != 0 && weightOfAll != 0
            ? YarnRopeScaling.DefaultMagnitude(factor, weight) / YarnRopeScaling.DefaultMagnitude(factor, weightOfAll)
            : YarnRopeScaling.DefaultMagnitude(factor);
        float attention = rope.TryNumber("attention_factor", NumberRange.AttentionFactor) ?? (float)magnitude;
        return new YarnRopeScaling(factor, original, fast, slow, attention) { Truncate = rope.TryBool("truncate") ?? true };

        // As Python's "or": 0 counts as nothing.
        static float Or(HfJson rope, string key, float fallback) => rope.IsZero(key) ? fallback : rope.TryNumber(key, NumberRange.Turns)
            ?? fallback;
    }

    private RopeFrequencyFactors ReadProportional(HfJson rope, int pairs)
    {
        int turning = (int)(RotatedShare * pairs);
        float factor = rope.TryNumber("factor", NumberRange.RopeFactor) ?? 1;
        return new RopeFrequencyFactors(
            [.. Enumerable.Range(0, pairs).Select(pair => pair < turning ? factor : NumberRange.FrequencyFactor.Max)]);
    }

    private LongRopeScaling ReadLongRope(HfJson rope, int pairs, int contextLength)
    {
        int original = OriginalLength(rope, contextLength);
        float factor = rope.TryNumber("factor", NumberRange.RopeFactor) ?? (float)contextLength / original;
        return new LongRopeScaling(
            Factors("short_factor"), Factors("long_factor"), original,
            rope.TryNumber("attention_factor", NumberRange.AttentionFactor) ?? LongRopeScaling.DefaultMagnitude(factor, original));

        IReadOnlyList<float> Factors(string key) => rope.Numbers(key, NumberRange.FrequencyFactor) is var factors && factors.Count == pairs
            ? factors
            : throw rope.Wrong(
                key, $"{pairs} numbers, one for each pair of a head (hidden_size, num_attention_heads, head_dim)",
                $"a list of {factors.Count}");
    }

    private Llama3RopeScaling ReadLlama3(HfJson rope, int contextLength)
    {
        float low = rope.Number("low_freq_factor", NumberRange.Turns);
        float high = rope.Number("high_freq_factor", NumberRange.Turns);
        return low < high
            ? new Llama3RopeScaling(rope.Number("factor", NumberRange.RopeFactor), low, high, OriginalLength(rope, contextLength))
            : throw rope.Wrong("high_freq_factor", FormattableString.Invariant($"a number above low_freq_factor, {low}"), high);
    }

    private float? Number(string key, NumberRange range) => _rope?.TryNumber(key, range) ?? _json.TryNumber(key, range);
}

using Microsoft.Extensions.Logging;
using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// How a model's files say that its tokens are to be chosen: <c>generation_config.json</c>, and <c>general.sampling.*</c> of GGUF, which
/// llama.cpp's converter makes of it.
/// </summary>
internal static class RecommendedSampling
{
    private const string Prefix = "general.sampling.";

    private static readonly NumberRange Any = new(float.MinValue, float.MaxValue);

    /// <summary>Keys of GGUF that ask for ways of choosing that are not here, unless they are 0.</summary>
    private static readonly string[] LeftOut = ["mirostat", "xtc_probability"];

    /// <summary>Of a folder's <c>generation_config.json</c>; null: there is none.</summary>
    public static SamplingOptions Of(HfJson? generation, ILogger? logger)
    {
        if (generation is null)
        {
            return new SamplingOptions();
        }

        float? Number(string key) => generation.TryNumber(key, Any);

        var sampling = new SamplingOptions
        {
            Temperature = generation.TryBool("do_sample") == false ? 0 : Number("temperature"),

            // Some write -1 for all tokens.
            TopK = generation.TryInt("top_k", int.MaxValue, min: -1) is { } k ? Math.Max(k, 0) : null,
            TopP = Number("top_p"),
            MinP = Number("min_p"),
            TypicalP = Number("typical_p"),
            RepetitionPenalty = Number("repetition_penalty"),
        };
        return Checked(sampling, generation.Path, logger);
    }

    /// <summary>Of a GGUF file.</summary>
    public static SamplingOptions Of(GgufFile file, ILogger? logger)
    {
        float? Number(string key) => file.TryGetFloat(Prefix + key, out float value) ? value : null;
        int? Integer(string key) => file.TryGetInt(Prefix + key, out int value) ? value : null;
        foreach (string key in LeftOut.Select(key => Prefix + key))
        {
            if (file.Metadata.TryGetValue(key, out GgufValue? value) && !(value.TryGetDouble(out double number) && number == 0)
                && !(value.TryGetInt64(out long integer) && integer == 0))
            {
                logger?.LogWarning("{Path}: {Key} is not applied", file.Path, key);
            }
        }

        // llama.cpp: -1 counts all tokens, 0 none of them.
        int? window = Integer("penalty_last_n");
        var sampling = new SamplingOptions
        {
            Temperature = Number("temp"),
            TopK = Integer("top_k") is { } k ? Math.Max(k, 0) : null,
            TopP = Number("top_p"),
            MinP = Number("min_p"),
            RepetitionPenalty = window == 0 ? null : Number("penalty_repeat"),
            PenaltyWindow = window is { } n ? Math.Max(n, 0) : null,
        };
        return Checked(sampling, file.Path, logger);
    }

    /// <summary>Writes what GGUF has keys for.</summary>
    public static void Write(SamplingOptions sampling, GgufFileWriter writer)
    {
        void Set(string key, GgufValue? value)
        {
            if (value is not null)
            {
                writer.Set(Prefix + key, value);
            }
        }

        Set("temp", Value(sampling.Temperature));
        Set("top_k", sampling.TopK is { } topK ? GgufValue.FromUInt32((uint)topK) : null);
        Set("top_p", Value(sampling.TopP));
        Set("min_p", Value(sampling.MinP));
        Set("penalty_repeat", Value(sampling.RepetitionPenalty));

        static GgufValue? Value(float? number) => number is { } value ? GgufValue.FromFloat32(value) : null;
    }

    /// <summary>Nothing where a value is not allowed: half of a recommendation is another one.</summary>
    private static SamplingOptions Checked(SamplingOptions sampling, string path, ILogger? logger)
    {
        try
        {
            sampling.Validate();
            return sampling;
        }
        catch (ArgumentOutOfRangeException problem)
        {
            logger?.LogWarning(
                "{Path}: recommends {Option} {Value}; its recommendations of sampling are not applied", path, problem.ParamName,
                problem.ActualValue);
            return new SamplingOptions();
        }
    }
}

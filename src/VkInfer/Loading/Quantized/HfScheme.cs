using VkInfer.Configuration;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>A tensor of GGUF that several of a folder make.</summary>
/// <param name="Suffix">What follows the stem in its name.</param>
/// <param name="Form">Reads it, given its name in GGUF.</param>
internal sealed record HfPart(string Suffix, Func<string, HfTensorForm> Form);

/// <summary>A way of storing quantised matrices in safetensors, as <c>quantization_config</c> names it.</summary>
internal abstract class HfScheme
{
    private const string Key = "quantization_config";

    /// <summary>What the name of the tensor with the numbers ends with; it has a scale beside it.</summary>
    public abstract string QuantsSuffix { get; }

    /// <summary>What the name of a tensor beside it ends with, without which the matrix is not quantised.</summary>
    public abstract string ScalesSuffix { get; }

    /// <summary>The scheme of a folder; null where its weights are not quantised.</summary>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <exception cref="UnsupportedModelException">The scheme, or one of its settings, is not supported.</exception>
    public static HfScheme? Of(HfJson config) => config.TryObject(Key) is not { } settings ? null : settings.String("quant_method") switch
    {
        "gptq" => new GptqScheme(settings),
        "awq" => new AwqScheme(settings),
        "compressed-tensors" when settings.TryString("format") == "nvfp4-pack-quantized" => new Nvfp4Scheme(isDivided: true),
        "compressed-tensors" when settings.TryString("format") == "float-quantized" =>
            Fp8Scheme.OfCompressed(CompressedScheme.OnlyWeights(settings)),
        "compressed-tensors" => new CompressedScheme(settings),
        "fp8" => Fp8Scheme.OfTransformers(settings),
        "modelopt" => settings.TryString("quant_algo") switch
        {
            "NVFP4" => new Nvfp4Scheme(isDivided: false),
            "FP8" => Fp8Scheme.OfModelopt(settings),
            var other => throw settings.Wrong("quant_algo", "NVFP4 or FP8", other ?? "nothing"),
        },
        var other => throw settings.Wrong("quant_method", "gptq, awq, compressed-tensors, fp8 or modelopt", $"\"{other}\""),
    };

    /// <summary>What the tensors of one matrix make.</summary>
    /// <param name="file">Where they are.</param>
    /// <param name="parts">Finds them.</param>
    /// <exception cref="UnsupportedModelException">One is missing, or has the wrong type or shape.</exception>
    public abstract IReadOnlyList<HfPart> Find(IWeightSource file, PackedParts parts);
}

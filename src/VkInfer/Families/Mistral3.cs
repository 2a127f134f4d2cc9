using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// Mistral Small 3.1 and Ministral 3: Mistral with YaRN and queries that grow with their position; of folders the text part.
/// </summary>
internal sealed class Mistral3 : ModelFamily
{
    private const string WithVision = "mistral3";
    private const string Parameters = "rope_parameters";

    public override string Architecture => "mistral3";

    public override IReadOnlyList<string> HfModelTypes => ["ministral3", WithVision];

    public override IReadOnlyList<string> HfTypesWithVision => [WithVision];

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || IsOfVision(name);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape();
        float beta = gguf.Keys.TryNumber("attention.temperature_scale", NumberRange.Growth) ?? 0;
        int length = gguf.Keys.TryCount("rope.scaling.original_context_length", ModelLimits.MaxContextLength) ?? shape.MaxContextLength;
        return WithTemperature(shape, new QueryTemperature(beta, length));
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        if (json.TryString("model_type") == "mistral")
        {
            return config.ReadShape(Architecture, Defaults);
        }

        if (!json.Has(Parameters) && !json.Has("rope_scaling"))
        {
            throw json.Wrong(Parameters, "an object with rope_theta and what scales positions", "nothing");
        }

        HfJson rope = json.TryObject(Parameters) ?? json.TryObject("rope_scaling") ?? HfJson.Empty(json.Path, Parameters + ".");
        float beta = rope.TryNumber("llama_4_scaling_beta", NumberRange.Growth) ?? 0;
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        int length = rope.TryInt("original_max_position_embeddings", ModelLimits.MaxContextLength) ?? shape.MaxContextLength;
        return WithTemperature(shape, new QueryTemperature(beta, length));
    }

    private static ModelConfig WithTemperature(ModelConfig shape, QueryTemperature temperature) =>
        shape.Compose(layer => layer.WithAttention(attention => attention with { Temperature = temperature }));

    /// <summary>Ministral3Config; of MistralConfig what differs is said in files.</summary>
    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 131072,
        HiddenSize = 4096,
        IntermediateSize = 14336,
        NumLayers = 34,
        NumHeads = 32,
        NumKvHeads = 8,
        HeadDim = 128,
        MaxContextLength = 262144,
        NormEps = 1e-5f,
        RopeTheta = 1e6f,
        Windows = HfWindows.All,
    };
}

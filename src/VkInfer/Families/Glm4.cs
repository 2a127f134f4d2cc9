using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>GLM-4-0414: ChatGLM with norms behind attention and the feed-forward layer.</summary>
internal sealed class Glm4 : ModelFamily
{
    public override string Architecture => "glm4";

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape() with { HasPostNorms = true };
}

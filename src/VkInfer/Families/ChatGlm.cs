using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>ChatGLM2, ChatGLM3 and GLM-4: half of each head is rotated, in neighbouring pairs; few key and value heads; fused projections.</summary>
internal sealed class ChatGlm : ModelFamily
{
    public override string Architecture => "chatglm";

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape();
}

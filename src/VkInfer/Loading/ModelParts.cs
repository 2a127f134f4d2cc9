using VkInfer.Tokenization;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>What loading hands to a <see cref="Model"/>, which then owns the disposable parts.</summary>
internal sealed record ModelParts(
    string Name,
    ModelConfig Config,
    ModelOptions Options,
    Tokenizer? Tokenizer,
    ChatTemplate ChatTemplate,
    VulkanInstance Instance,
    GpuDevice Gpu,
    TransformerWeights Weights,
    KernelSet Kernels);

using VkInfer.Embeddings;
using VkInfer.Tokenization;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>What loading hands to a <see cref="Model"/>, which then owns the disposable parts.</summary>
internal sealed record ModelParts(
    string Name,
    ModelConfig Config,
    ModelOptions Options,
    ModelText? Text,
    Lazy<ChatTemplate> ChatTemplate,
    SharedDevice Device,
    TransformerWeights Weights,
    KernelSet Kernels,
    string? Fingerprint,
    SoftmaxCalibration? Calibration,
    ModelSelfTest SelfTest);

/// <summary>What turns text into tokens, and how those are chosen.</summary>
/// <param name="Tokenizer">The model's tokenizer, or null where it has none.</param>
/// <param name="ChatTemplate">The model's own chat template as Jinja source, or null where it has none.</param>
/// <param name="Sampling">How its files say that tokens are to be chosen.</param>
/// <param name="Dense">What pooled hidden states go through.</param>
internal sealed record ModelText(
    Tokenizer? Tokenizer, string? ChatTemplate, SamplingOptions Sampling, IReadOnlyList<DenseModule> Dense);

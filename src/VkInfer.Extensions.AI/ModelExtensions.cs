using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace VkInfer.Extensions.AI;

/// <summary>A loaded model behind the interfaces of Microsoft.Extensions.AI.</summary>
public static class ModelExtensions
{
    /// <summary>A chat client of a model, which stays the caller's.</summary>
    /// <inheritdoc cref="VkInferChatClient(Model, VkInferOptions?, ILoggerFactory?)" path="/param"/>
    public static IChatClient AsIChatClient(
        this Model model, VkInferOptions? options = null, ILoggerFactory? loggerFactory = null) =>
        new VkInferChatClient(model, options, loggerFactory);

    /// <summary>Embeddings of a model, which stays the caller's.</summary>
    /// <inheritdoc cref="VkInferEmbeddingGenerator(Model, ILoggerFactory?)" path="/param"/>
    public static IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator(
        this Model model, ILoggerFactory? loggerFactory = null) => new VkInferEmbeddingGenerator(model, loggerFactory);
}

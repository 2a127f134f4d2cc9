using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VkInfer;
using VkInfer.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Registers models of VkInfer that make embeddings. Each registration is a singleton <see cref="VkInferEmbeddingGenerator"/>, which is
/// <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of strings as well, loads its model by the first request, and frees it with the
/// provider. Logging is used where it is registered, and a registered <see cref="ModelStore"/> in place of the default one.
/// </summary>
public static class VkInferEmbeddingServiceCollectionExtensions
{
    /// <summary>Name of the options of the registration without a key; others have a colon and their key behind it.</summary>
    private const string OptionsName = "VkInfer.Embeddings";

    /// <summary>Registers a model.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options; null: the model of the package VkInfer.Models.Mini, on the best device.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVkInferEmbeddings(this IServiceCollection services, Action<VkInferOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        VkInferServiceCollectionExtensions.Configure(services, OptionsName, configure);
        services.AddSingleton(provider => Create(provider, OptionsName));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            provider => provider.GetRequiredService<VkInferEmbeddingGenerator>());
        return services;
    }

    /// <summary>Registers a model whose options a section of the configuration holds; a key that is none of them is refused.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, such as <c>configuration.GetSection("Embeddings")</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVkInferEmbeddings(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        AddVkInferEmbeddings(services);
        VkInferServiceCollectionExtensions.Bind(services, OptionsName, section);
        return services;
    }

    /// <summary>Registers one of several models under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key. A model that answers may have the same.</param>
    /// <param name="configure">Sets options; null: the defaults.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddKeyedVkInferEmbeddings(
        this IServiceCollection services, string serviceKey, Action<VkInferOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        string name = NameOf(serviceKey);
        VkInferServiceCollectionExtensions.Configure(services, name, configure);
        services.AddKeyedSingleton(serviceKey, (provider, _) => Create(provider, name));
        services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            serviceKey, (provider, _) => provider.GetRequiredKeyedService<VkInferEmbeddingGenerator>(serviceKey));
        return services;
    }

    /// <summary>Registers one of several models under a key, with options from the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key. A model that answers may have the same.</param>
    /// <param name="section">The section.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddKeyedVkInferEmbeddings(
        this IServiceCollection services, string serviceKey, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        AddKeyedVkInferEmbeddings(services, serviceKey);
        VkInferServiceCollectionExtensions.Bind(services, NameOf(serviceKey), section);
        return services;
    }

    private static string NameOf(string serviceKey) => $"{OptionsName}:{serviceKey}";

    private static VkInferEmbeddingGenerator Create(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<VkInferOptions>>().Get(name),
        provider.GetService<ILoggerFactory>(),
        provider.GetService<ModelStore>());
}

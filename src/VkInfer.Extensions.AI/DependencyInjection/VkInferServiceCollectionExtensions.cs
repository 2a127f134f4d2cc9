using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VkInfer;
using VkInfer.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Registers models of VkInfer. Each registration is a singleton <see cref="VkInferChatClient"/>, which is <see cref="IChatClient"/> as
/// well, loads its model by the first request, and frees it with the provider. Logging is used where it is registered, and a registered
/// <see cref="ModelStore"/> in place of the default one.
/// </summary>
public static class VkInferServiceCollectionExtensions
{
    /// <summary>Registers a model.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options; null: the model of the package VkInfer.Models.Mini, on the best device.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVkInfer(this IServiceCollection services, Action<VkInferOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        Configure(services, Options.Options.DefaultName, configure);
        services.AddSingleton(provider => Create(provider, Options.Options.DefaultName));
        services.AddSingleton<IChatClient>(provider => provider.GetRequiredService<VkInferChatClient>());
        return services;
    }

    /// <summary>Registers a model whose options a section of the configuration holds; a key that is none of them is refused.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, such as <c>configuration.GetSection("VkInfer")</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVkInfer(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        AddVkInfer(services);
        Bind(services, Options.Options.DefaultName, section);
        return services;
    }

    /// <summary>Registers one of several models under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key; also the name of its options.</param>
    /// <param name="configure">Sets options; null: the defaults.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddKeyedVkInfer(
        this IServiceCollection services, string serviceKey, Action<VkInferOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        Configure(services, serviceKey, configure);
        services.AddKeyedSingleton(serviceKey, (provider, _) => Create(provider, serviceKey));
        services.AddKeyedSingleton<IChatClient>(
            serviceKey, (provider, _) => provider.GetRequiredKeyedService<VkInferChatClient>(serviceKey));
        return services;
    }

    /// <summary>Registers one of several models under a key, with options from the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key; also the name of its options.</param>
    /// <param name="section">The section.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddKeyedVkInfer(this IServiceCollection services, string serviceKey, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        AddKeyedVkInfer(services, serviceKey);
        Bind(services, serviceKey, section);
        return services;
    }

    internal static void Configure(IServiceCollection services, string name, Action<VkInferOptions>? configure)
    {
        OptionsBuilder<VkInferOptions> options = services.AddOptions<VkInferOptions>(name);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddSingleton<IValidateOptions<VkInferOptions>>(new VkInferOptionsValidator(name));
        options.ValidateOnStart();
    }

    internal static void Bind(IServiceCollection services, string name, IConfiguration section) =>
        services.AddOptions<VkInferOptions>(name).Configure(options => options.Bind(section));

    private static VkInferChatClient Create(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<VkInferOptions>>().Get(name),
        provider.GetService<ILoggerFactory>(),
        provider.GetService<ModelStore>());
}

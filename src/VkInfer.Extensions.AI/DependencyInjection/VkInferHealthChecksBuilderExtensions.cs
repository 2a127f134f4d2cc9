using Microsoft.Extensions.Diagnostics.HealthChecks;
using VkInfer.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Health checks of models that <c>AddVkInfer</c> registered.</summary>
public static class VkInferHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds the check of a model: healthy where it answers or will be loaded by the first request, degraded while it loads, unhealthy where
    /// loading failed or its device was lost. It loads nothing.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="serviceKey">Key of the registration; null: the one without.</param>
    /// <param name="name">Name of the check; null: <c>vkinfer</c>, with the key behind it.</param>
    /// <param name="failureStatus">What a failed check reports; null: unhealthy.</param>
    /// <param name="tags">Tags to select checks by.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IHealthChecksBuilder AddVkInfer(
        this IHealthChecksBuilder builder, string? serviceKey = null, string? name = null, HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name ?? (serviceKey is null ? "vkinfer" : $"vkinfer:{serviceKey}"),
            provider => new VkInferHealthCheck(serviceKey is null
                ? provider.GetRequiredService<VkInferChatClient>()
                : provider.GetRequiredKeyedService<VkInferChatClient>(serviceKey)),
            failureStatus, tags));
    }
}

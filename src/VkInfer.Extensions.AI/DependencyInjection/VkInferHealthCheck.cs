using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace VkInfer.Extensions.AI;

/// <summary>
/// Healthy where the model answers or will be loaded by the first request; degraded while it loads; where loading failed or its device was
/// lost, what the registration says, which is unhealthy if it says nothing. Never loads a model by itself.
/// </summary>
internal sealed class VkInferHealthCheck(VkInferChatClient client) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check(context.Registration?.FailureStatus ?? HealthStatus.Unhealthy));

    private HealthCheckResult Check(HealthStatus failed)
    {
        if (client.Host.Failure is { } failure)
        {
            return new HealthCheckResult(failed, "The model could not be loaded, or its device was lost.", failure);
        }

        if (client.Host.IsLoading)
        {
            return HealthCheckResult.Degraded("The model is being loaded.");
        }

        return client.Host.Loaded is { } model
            ? HealthCheckResult.Healthy($"{model.Name} on {model.Device.Name}.")
            : HealthCheckResult.Healthy("The model is loaded by the first request.");
    }
}

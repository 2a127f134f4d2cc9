using Microsoft.Extensions.AI;
using VkInfer.Extensions.AI;
using VkInfer.Samples.Desktop.Chat;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>
/// Holds the model that is chosen, and exchanges it. A registration is for good, so each model has a container of its own, whose end frees
/// the model. Thread-safe.
/// </summary>
/// <param name="store">Where models with a name are.</param>
/// <param name="loggers">Where messages go.</param>
public sealed class ModelSwitch(ModelStore store, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private ServiceProvider? _provider;
    private ModelChoice? _choice;
    private Task<Model> _loading = Task.FromException<Model>(new InvalidOperationException("No model is chosen."));
    private Task _ended = Task.CompletedTask;
    private bool _disposed;

    /// <summary>Raised when <see cref="State"/> changes, from any thread.</summary>
    public event Action? Changed;

    /// <summary>What has become of the chosen model; null before one is.</summary>
    public ModelState? State { get; private set; }

    /// <summary>Chooses a model and begins to load it. The one before ends first, so that its memory is free.</summary>
    public void Load(ModelChoice choice)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _choice = choice;
            _ended = EndAsync(_ended, _provider);
            ServiceProvider provider = Create(choice);
            _provider = provider;
            State = new ModelLoading(choice.Name, default);
            _loading = LoadAsync(choice, provider, _ended);
            _ = _loading.ContinueWith(task => _ = task.Exception, TaskScheduler.Default); // Callers see it; without one it is in the state.
        }

        Changed?.Invoke();
    }

    /// <summary>The client of the chosen model, once that is loaded; a loading that failed is tried again.</summary>
    /// <param name="cancellationToken">Ends the wait, not the loading.</param>
    public async Task<IChatClient> GetClientAsync(CancellationToken cancellationToken)
    {
        ModelChoice? again;
        lock (_lock)
        {
            again = _loading.IsFaulted ? _choice : null;
        }

        if (again is not null)
        {
            Load(again);
        }

        Task<Model> loading;
        ServiceProvider? provider;
        lock (_lock)
        {
            (loading, provider) = (_loading, _provider);
        }

        await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        return provider!.GetRequiredService<IChatClient>();
    }

    /// <summary>Ends the model.</summary>
    public async ValueTask DisposeAsync()
    {
        Task ended;
        lock (_lock)
        {
            _disposed = true;
            ended = _ended = EndAsync(_ended, _provider);
            _provider = null;
        }

        await ended.ConfigureAwait(false);
    }

    private ServiceProvider Create(ModelChoice choice)
    {
        var services = new ServiceCollection();
        services.AddSingleton(loggers);
        services.AddSingleton(store);
        services.AddVkInfer(options =>
        {
            options.Model = choice.Model;
            options.Device = choice.Device;
            options.ContextLength = choice.ContextLength;
        });
        return services.BuildServiceProvider();
    }

    private async Task<Model> LoadAsync(ModelChoice choice, ServiceProvider provider, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            Model model = await provider.GetRequiredService<VkInferChatClient>()
                .LoadAsync(new Reporter(progress => Tell(provider, new ModelLoading(choice.Name, progress)))).ConfigureAwait(false);
            Tell(provider, new ModelReady(choice.Name, model.Device.Name, model.WeightBytes, model.ContextLength));
            return model;
        }
        catch (Exception problem)
        {
            Tell(provider, new ModelFailed(choice.Name, Problem.Of(problem)));
            throw;
        }
    }

    /// <summary>Takes a state over, unless another model was chosen meanwhile.</summary>
    private void Tell(ServiceProvider provider, ModelState state)
    {
        lock (_lock)
        {
            if (_provider != provider)
            {
                return;
            }

            State = state;
        }

        Changed?.Invoke();
    }

    private static async Task EndAsync(Task before, ServiceProvider? provider)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (provider is not null)
        {
            await provider.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Reporter(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}

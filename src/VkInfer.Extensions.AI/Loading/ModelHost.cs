using Microsoft.Extensions.Logging;

namespace VkInfer.Extensions.AI;

/// <summary>
/// A model that is loaded when it is first needed, once for all who wait. A caller that gives up does not end the loading, since others may
/// wait; a loading that failed is tried anew by the next call. Thread-safe.
/// </summary>
internal sealed class ModelHost : IDisposable, IAsyncDisposable
{
    private readonly Func<IProgress<LoadProgress>, CancellationToken, Task<Model>> _load;
    private readonly bool _ownsModel;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private Task<Model>? _loading;
    private Exception? _lost;
    private bool _disposed;

    /// <param name="load">Loads the model.</param>
    /// <param name="ownsModel">Whether the model ends with this host.</param>
    /// <param name="logger">Told about loading.</param>
    public ModelHost(Func<IProgress<LoadProgress>, CancellationToken, Task<Model>> load, bool ownsModel, ILogger logger)
    {
        _load = load;
        _ownsModel = ownsModel;
        _logger = logger;
        Closing = _end.Token;
    }

    /// <summary>Loads the model that options name.</summary>
    public static async Task<Model> LoadAsync(
        VkInferOptions options, ILogger logger, ModelStore? store, IProgress<LoadProgress> progress,
        CancellationToken cancellationToken)
    {
        string name = options.Model ?? Model.DefaultModelPath;
        Log.Loading(logger, name);
        string path = await ModelSourceName.ResolveAsync(name, store, progress, cancellationToken).ConfigureAwait(false);
        string? draft = options.Draft is null ? null
            : await ModelSourceName.ResolveAsync(options.Draft, store, progress, cancellationToken).ConfigureAwait(false);
        return await Model.LoadAsync(path, options.WithLogger(logger) with { Draft = draft }, progress, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>How far loading has come.</summary>
    public event Action<LoadProgress>? Progress;

    /// <summary>Cancelled when the end begins.</summary>
    public CancellationToken Closing { get; }

    /// <summary>The model, where it is loaded.</summary>
    public Model? Loaded
    {
        get
        {
            lock (_lock)
            {
                return !_disposed && _loading is { IsCompletedSuccessfully: true } ? _loading.Result : null;
            }
        }
    }

    /// <summary>Whether loading is under way.</summary>
    public bool IsLoading
    {
        get
        {
            lock (_lock)
            {
                return _loading is { IsCompleted: false };
            }
        }
    }

    /// <summary>Why there is no model to answer: the last attempt to load failed, or the device of a caller's model was lost.</summary>
    public Exception? Failure
    {
        get
        {
            lock (_lock)
            {
                return _loading is { IsFaulted: true } ? _loading.Exception!.InnerException : _lost;
            }
        }
    }

    /// <summary>The model, which is loaded if it was not.</summary>
    /// <param name="cancellationToken">Ends the wait, not the loading.</param>
    public Task<Model> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(VkInferChatClient));
            if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _loading = Task.Run(LoadAsync, CancellationToken.None);
            }

            return _loading.IsCompletedSuccessfully ? _loading : WaitAsync(_loading, cancellationToken);
        }
    }

    /// <summary>The device was lost: the next request loads the model anew, unless it is the caller's.</summary>
    public void Lose(Model model, Exception problem)
    {
        lock (_lock)
        {
            if (_disposed || _loading is not { IsCompletedSuccessfully: true } || _loading.Result != model)
            {
                return;
            }

            if (!_ownsModel)
            {
                _lost = problem;
                return;
            }

            _loading = null;
        }

        Log.DeviceLost(_logger, model.Name, problem);
        _ = model.DisposeAsync().AsTask();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        Task<Model>? loading;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            loading = _loading;
        }

        await _end.CancelAsync().ConfigureAwait(false);
        if (loading is not null)
        {
            await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (loading.IsCompletedSuccessfully && _ownsModel)
            {
                Model model = await loading.ConfigureAwait(false);
                await model.DisposeAsync().ConfigureAwait(false);
            }
        }

        _end.Dispose();
    }

    private async Task<Model> WaitAsync(Task<Model> loading, CancellationToken cancellationToken)
    {
        try
        {
            return await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The caller did not ask for it: the client was disposed.
            throw new ObjectDisposedException(nameof(VkInferChatClient));
        }
    }

    private async Task<Model> LoadAsync()
    {
        long started = TimeProvider.System.GetTimestamp();
        try
        {
            Model model = await _load(new Reporter(this), _end.Token).ConfigureAwait(false);
            Log.Loaded(_logger, model.Name, model.Device.Name, TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
            return model;
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            Log.LoadFailed(_logger, problem);
            throw;
        }
    }

    private sealed class Reporter(ModelHost host) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => host.Progress?.Invoke(value);
    }
}

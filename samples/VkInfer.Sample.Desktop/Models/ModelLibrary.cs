using VkInfer.Samples.Desktop.Chat;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>The models of the store, and one download, which goes on when nobody watches. Thread-safe.</summary>
/// <param name="store">The store.</param>
public sealed class ModelLibrary(ModelStore store) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancel;
    private Task _running = Task.CompletedTask;

    /// <summary>Raised when <see cref="Download"/> changes, from any thread.</summary>
    public event Action? Changed;

    /// <summary>The download under way, or the one that failed last; null: none.</summary>
    public Download? Download { get; private set; }

    /// <summary>The models that are here.</summary>
    public IReadOnlyList<StoredModel> List() => store.List();

    /// <summary>Begins a download, unless one is under way.</summary>
    /// <param name="text">A name, with or without <c>hf:</c>.</param>
    public void Begin(string text)
    {
        string name = text.Trim();
        name = ModelName.IsName(name) ? name : ModelName.Prefix + name;
        lock (_lock)
        {
            if (!_running.IsCompleted)
            {
                return;
            }

            _cancel?.Dispose();
            _cancel = new CancellationTokenSource();
            Download = new Download(name, default, null);
            _running = Task.Run(() => RunAsync(name, _cancel.Token), CancellationToken.None);
        }

        Changed?.Invoke();
    }

    /// <summary>Ends the download; what has come is kept, and the next attempt goes on from there.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _cancel?.Cancel();
        }
    }

    /// <summary>Deletes a model.</summary>
    /// <exception cref="ModelStoreException">It is not there.</exception>
    public void Remove(ModelName name)
    {
        store.Remove(name);
        Changed?.Invoke();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Cancel();
        await _running.ConfigureAwait(false);
        _cancel?.Dispose();
    }

    private async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        Download? end = null;
        try
        {
            await store.PullAsync(ModelName.Parse(name), new Reporter(this, name), cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // As the user wished.
        }
        catch (Exception problem)
        {
            end = new Download(name, default, Problem.Of(problem));
        }

        Download = end;
        Changed?.Invoke();
    }

    private sealed class Reporter(ModelLibrary library, string name) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            library.Download = new Download(name, value, null);
            library.Changed?.Invoke();
        }
    }
}

namespace VkInfer.Loading;

/// <summary>Tells how many bytes are loaded, never fewer than before; from several threads, one at a time.</summary>
internal sealed class LoadingProgress(IProgress<LoadProgress>? progress, long total)
{
    private readonly Lock _gate = new();
    private long _done;

    public void Report(long bytes)
    {
        if (progress is null)
        {
            return;
        }

        lock (_gate)
        {
            _done += bytes;
            progress.Report(new LoadProgress("Loading weights", Math.Min(_done, total), total));
        }
    }
}

namespace VkInfer.Vulkan;

/// <summary>
/// Moves bytes between the CPU and buffers: straight where the CPU reaches the memory and nobody else is at it, else through staging.
/// Thread-safe.
/// </summary>
internal sealed unsafe class Transfers(
    DeviceContext context, BufferFactory factory, GpuQueue compute, GpuQueue uploads, GpuQueue downloads) : IDisposable
{
    private readonly Uploader _uploader = new(context, factory, uploads, compute.Timeline);
    private readonly Downloader _downloader = new(context, factory, downloads, compute.Timeline);

    /// <summary>The queue of uploads.</summary>
    public GpuQueue Uploads => uploads;

    public void Upload(GpuBuffer destination, long offset, ReadOnlySpan<byte> data)
    {
        DispatchChecks.CheckDevice(context, destination, nameof(destination));
        destination.Retain();
        try
        {
            if (data.IsEmpty)
            {
                return;
            }

            destination.CheckRange(offset, data.Length, nameof(data));
            bool idle = compute.Timeline.IsComplete(destination.LastUse) && uploads.Timeline.IsComplete(destination.LastUpload);
            if (destination.Mapped is not null && idle && !context.ForceStaging)
            {
                data.CopyTo(new Span<byte>(destination.Mapped + offset, data.Length));
            }
            else
            {
                _uploader.Upload(destination, offset, data);
            }
        }
        finally
        {
            destination.Release();
        }
    }

    public void Download(GpuBuffer source, long offset, Span<byte> destination)
    {
        DispatchChecks.CheckDevice(context, source, nameof(source));
        source.Retain();
        try
        {
            if (destination.IsEmpty)
            {
                return;
            }

            source.CheckRange(offset, destination.Length, nameof(destination));

            // Asked before: what another thread stages meanwhile may wait for a submission that nobody makes.
            ulong upload = source.LastUpload;
            _uploader.Flush();
            uploads.Timeline.Wait(upload, default);
            if (source.Mapped is not null && source.HostCached && !context.ForceStaging)
            {
                compute.Timeline.Wait(source.LastUse, default);
                new ReadOnlySpan<byte>(source.Mapped + offset, destination.Length).CopyTo(destination);
            }
            else
            {
                _downloader.Download(source, offset, destination);
            }
        }
        finally
        {
            source.Release();
        }
    }

    /// <summary>Hands staged uploads to the GPU.</summary>
    public void Flush() => _uploader.Flush();

    public void Dispose()
    {
        _uploader.Dispose();
        _downloader.Dispose();
    }
}

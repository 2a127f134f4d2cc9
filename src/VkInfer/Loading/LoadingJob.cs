using System.Runtime.ExceptionServices;
using VkInfer.Formats;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>A piece of loading: some rows of a tensor.</summary>
/// <param name="Part">Which file it reads.</param>
/// <param name="Offset">Where it reads there.</param>
/// <param name="Run">Does it.</param>
internal sealed record LoadingJob(int Part, long Offset, Action<LoadingWorker> Run)
{
    /// <summary>More threads than this gain nothing: a bus is full with fewer.</summary>
    private const int MaxThreads = 16;

    /// <summary>A job that reads a tensor from a byte on.</summary>
    public static LoadingJob At(GgufTensor tensor, long offset, Action<LoadingWorker> run) => new(tensor.Part, tensor.Offset + offset, run);

    /// <summary>A job that reads no file.</summary>
    public static LoadingJob First(Action<LoadingWorker> run) => new(-1, 0, run);

    /// <summary>
    /// Runs jobs on all cores, in the order of the files, so that disks read ahead; returns once the device has everything.
    /// </summary>
    public static void RunAll(List<LoadingJob> jobs, GpuDevice device, CancellationToken cancellation)
    {
        LoadingJob[] order = [.. jobs.OrderBy(job => job.Part).ThenBy(job => job.Offset)];
        int threads = Math.Clamp(Environment.ProcessorCount, 2, MaxThreads);
        threads = Math.Min(threads, Math.Max(order.Length, 1));
        using ParallelUploader uploads = device.CreateParallelUploader(threads + (threads / 2) + 1);
        var run = new ParallelRun(order, uploads, device, cancellation);
        run.Do(threads);
        uploads.Finish(cancellation);
    }

    /// <summary>Threads that take the next job until there is none, or one has failed.</summary>
    private sealed class ParallelRun(LoadingJob[] jobs, ParallelUploader uploads, GpuDevice device, CancellationToken cancellation)
    {
        private int _next = -1;
        private ExceptionDispatchInfo? _failure;

        public void Do(int threads)
        {
            // Threads of their own: they wait for disks and for the device, which would keep the pool's from others' work.
            Thread[] others = [
                .. Enumerable.Range(1, threads - 1).Select(i => new Thread(Work) { Name = $"vkinfer load {i}", IsBackground = true })];
            foreach (Thread thread in others)
            {
                thread.Start();
            }

            Work();
            foreach (Thread thread in others)
            {
                thread.Join();
            }

            _failure?.Throw();
        }

        private void Work()
        {
            try
            {
                using var worker = new LoadingWorker(device, uploads, cancellation);
                while (Volatile.Read(ref _failure) is null && Interlocked.Increment(ref _next) is var next && next < jobs.Length)
                {
                    cancellation.ThrowIfCancellationRequested();
                    jobs[next].Run(worker);
                }

                worker.Finish();
            }
#pragma warning disable CA1031 // Passed on to the thread that loads.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }
        }
    }
}

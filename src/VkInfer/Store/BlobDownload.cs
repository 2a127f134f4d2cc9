using System.Net;
using Microsoft.Win32.SafeHandles;

namespace VkInfer;

/// <summary>
/// Loads one file by several connections into <c>HASH.vkinfer-partial</c> beside its blob, and makes that the blob when its checksum is
/// right. Whatever ends it, what was loaded is kept and a later one goes on from there.
/// </summary>
internal sealed class BlobDownload
{
    /// <summary>What is being done while bytes come.</summary>
    public const string Stage = "Downloading";

    private const int BufferBytes = 1 << 18;
    private const long LeastChunkBytes = 16 << 20;
    private const long MostChunks = 256;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly HubClient _hub;
    private readonly ModelStoreOptions _options;
    private readonly ModelName _name;
    private readonly string _commit;
    private readonly HubFile _file;
    private readonly string _blob;
    private readonly Action<string, long> _progress;

    /// <param name="hub">Where it comes from.</param>
    /// <param name="options">How.</param>
    /// <param name="name">The model it is for.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="blob">Where it goes.</param>
    /// <param name="progress">Told what is being done and how many bytes more are there; from any thread.</param>
    public BlobDownload(
        HubClient hub, ModelStoreOptions options, ModelName name, string commit, HubFile file, string blob, Action<string, long> progress)
    {
        _hub = hub;
        _options = options;
        _name = name;
        _commit = commit;
        _file = file;
        _blob = blob;
        _progress = progress;
    }

    private string Partial => _blob + ".vkinfer-partial";

    private string Journal => _blob + ".vkinfer-journal";

    /// <summary>Bytes that an earlier attempt left.</summary>
    public static long FindDone(string blob, HubFile file)
    {
        string journal = blob + ".vkinfer-journal";
        if (file.Size == 0 || !File.Exists(journal) || !File.Exists(blob + ".vkinfer-partial"))
        {
            return 0;
        }

        try
        {
            using DownloadJournal found = DownloadJournal.Open(journal, file.Size, LeastChunkBytes);
            return found.Total;
        }
        catch (IOException)
        {
            return 0; // Another process is at it.
        }
    }

    /// <summary>Loads what is missing.</summary>
    /// <exception cref="ModelStoreException">It cannot be had, or is not what the hub said.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException problem) when (problem is not FileNotFoundException)
        {
            throw new ModelStoreException($"{_name}: {_file.Path} ({_file.Size} bytes) cannot be written: {problem.Message}", problem);
        }

        _progress("Verifying", 0);
        string hash = await Task.Run(() => ContentHash.Of(Partial, _file.Hash, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (hash != _file.Hash)
        {
            File.Delete(Partial);
            File.Delete(Journal);
            throw new ModelStoreException($"{_name}: {_file.Path} has the checksum {hash}, expected {_file.Hash}; it was deleted");
        }

        File.Move(Partial, _blob, overwrite: true);
        File.Delete(Journal);
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Partial))
        {
            File.Delete(Journal);

            // Takes the space at once, so that a full disk shows before the download.
            File.OpenHandle(Partial, FileMode.CreateNew, FileAccess.Write, preallocationSize: _file.Size).Dispose();
        }

        if (_file.Size == 0)
        {
            return;
        }

        long chunkBytes = _options.ChunkBytes ?? Math.Max(LeastChunkBytes, (_file.Size + MostChunks - 1) / MostChunks);
        using SafeFileHandle target = File.OpenHandle(
            Partial, FileMode.Open, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        RandomAccess.SetLength(target, _file.Size);
        using DownloadJournal journal = DownloadJournal.Open(Journal, _file.Size, chunkBytes);
        try
        {
            await LoadChunksAsync(target, journal, cancellationToken).ConfigureAwait(false);
        }
        catch (NoRangesException)
        {
            _progress(Stage, -journal.Total);
            journal.Reset();
            await LoadWholeAsync(target, journal, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LoadChunksAsync(SafeFileHandle target, DownloadJournal journal, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int next = -1;
        Task[] connections = [.. Enumerable.Range(0, Math.Min(_options.Connections, journal.Chunks)).Select(_ => Task.Run(
            async () =>
            {
                try
                {
                    for (int chunk; (chunk = Interlocked.Increment(ref next)) < journal.Chunks;)
                    {
                        await LoadChunkAsync(target, journal, chunk, end.Token).ConfigureAwait(false);
                    }
                }
                catch
                {
                    await end.CancelAsync().ConfigureAwait(false); // One failure ends all.
                    throw;
                }
            },
            CancellationToken.None))];
        await ((Task)Task.WhenAll(connections)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();

        // The failure that ended the others, not theirs.
        if ((connections.FirstOrDefault(connection => connection.IsFaulted) ?? connections.FirstOrDefault(c => c.IsCanceled)) is { } failed)
        {
            await failed.ConfigureAwait(false);
        }
    }

    private Task LoadChunkAsync(SafeFileHandle target, DownloadJournal journal, int chunk, CancellationToken cancellationToken) =>
        RetryAsync(
            () => journal.Done(chunk),
            async stall =>
            {
                if (journal.IsDone(chunk))
                {
                    return;
                }

                long from = journal.Start(chunk) + journal.Done(chunk), to = journal.Start(chunk) + journal.Length(chunk);
                using HttpResponseMessage response =
                    await _hub.OpenAsync(_name, _commit, _file, from, to, stall.Token).ConfigureAwait(false);
                if (response.StatusCode != HttpStatusCode.PartialContent && (from != 0 || to != _file.Size))
                {
                    throw new NoRangesException();
                }

                if (response.Content.Headers.ContentRange is { } range
                    && (range.From != from || (range.Length ?? _file.Size) != _file.Size))
                {
                    throw new ModelStoreException(
                        $"{_name}: {_file.Path} should have {_file.Size} bytes; the hub gives {range} for {from} to {to - 1}");
                }

                await CopyAsync(response, target, journal, chunk, from, to, stall).ConfigureAwait(false);
            },
            cancellationToken);

    /// <summary>From a server without ranges: by one connection, and each new attempt from the beginning.</summary>
    private Task LoadWholeAsync(SafeFileHandle target, DownloadJournal journal, CancellationToken cancellationToken) =>
        RetryAsync(
            () => 0,
            async stall =>
            {
                _progress(Stage, -journal.Total);
                journal.Reset();
                using HttpResponseMessage response =
                    await _hub.OpenAsync(_name, _commit, _file, 0, _file.Size, stall.Token).ConfigureAwait(false);
                Stream content = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
                for (int chunk = 0; chunk < journal.Chunks; chunk++)
                {
                    long start = journal.Start(chunk);
                    await CopyAsync(content, target, journal, chunk, start, start + journal.Length(chunk), stall).ConfigureAwait(false);
                }
            },
            cancellationToken);

    private async Task CopyAsync(
        HttpResponseMessage response, SafeFileHandle target, DownloadJournal journal, int chunk, long from, long to, Stall stall)
    {
        Stream content = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        await CopyAsync(content, target, journal, chunk, from, to, stall).ConfigureAwait(false);
    }

    private async Task CopyAsync(
        Stream content, SafeFileHandle target, DownloadJournal journal, int chunk, long from, long to, Stall stall)
    {
        byte[] buffer = new byte[Math.Min(BufferBytes, to - from)];
        for (long at = from; at < to;)
        {
            stall.Restart();
            Memory<byte> wanted = buffer.AsMemory(0, (int)Math.Min(buffer.Length, to - at));
            int read = await content.ReadAsync(wanted, stall.Token).ConfigureAwait(false);
            if (read == 0)
            {
                throw new HttpRequestException($"the connection ended at byte {at}");
            }

            await RandomAccess.WriteAsync(target, buffer.AsMemory(0, read), at, CancellationToken.None).ConfigureAwait(false);
            journal.Advance(chunk, read);
            at += read;
            _progress(Stage, read);
        }
    }

    /// <summary>Tries again while the network fails, and each time it gets any further as often as the options say.</summary>
    private async Task RetryAsync(Func<long> done, Func<Stall, Task> attempt, CancellationToken cancellationToken)
    {
        TimeSpan pause = _options.RetryDelay;
        for (int tries = 0; ;)
        {
            long before = done();
            using var stall = new Stall(_options.StallTimeout, cancellationToken);
            try
            {
                await attempt(stall).ConfigureAwait(false);
                return;
            }
            catch (Exception problem) when (IsOfNetwork(problem))
            {
                // What a connection that is given up says last, is no news.
                cancellationToken.ThrowIfCancellationRequested();
                (tries, pause) = done() > before ? (0, _options.RetryDelay) : (tries + 1, pause);
                if (tries > _options.Retries)
                {
                    string reason = problem is OperationCanceledException
                        ? $"nothing came for {_options.StallTimeout.TotalSeconds:F0} s" : problem.Message;
                    throw new ModelStoreException($"{_name}: {_file.Path} stops after {done()} bytes of a part: {reason}", problem);
                }
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
        }
    }

    private static bool IsOfNetwork(Exception problem) =>
        problem is HttpRequestException or HttpIOException or OperationCanceledException
        || (problem is IOException && problem.InnerException is System.Net.Sockets.SocketException);

    private sealed class NoRangesException : Exception;

    /// <summary>Ends a connection that gives nothing for too long.</summary>
    private sealed class Stall : IDisposable
    {
        private readonly TimeSpan _limit;
        private readonly CancellationTokenSource _source;

        public Stall(TimeSpan limit, CancellationToken cancellationToken)
        {
            _limit = limit;
            _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Restart();
        }

        public CancellationToken Token => _source.Token;

        public void Restart() => _source.CancelAfter(_limit);

        public void Dispose() => _source.Dispose();
    }
}

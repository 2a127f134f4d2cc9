using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace VkInfer.Tests.Store;

/// <summary>A hub on this machine: a repository's listing on one port, which redirects to its files on another.</summary>
internal sealed class LoopbackHub : IDisposable
{
    public const string Repository = "owner/repo";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private const int PieceBytes = 4096;

    private const int Tries = 20;

    private readonly CancellationTokenSource _end = new();
    private readonly HttpListener _listener;
    private readonly int _filePort;
    private int _breaks;

    public LoopbackHub(params (string Path, byte[] Content)[] files)
    {
        foreach ((string path, byte[] content) in files)
        {
            Files[path] = content;
        }

        (_listener, int port, _filePort) = Listen();
        Endpoint = new Uri($"http://127.0.0.1:{port}/");
        _ = Task.Run(ServeAsync);
    }

    public Uri Endpoint { get; }

    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>What the listing says, where it is not what the files are.</summary>
    public Func<JsonObject, JsonNode> Listing { get; set; } = json => json;

    /// <summary>Bytes behind which a connection is cut; null: never.</summary>
    public int? BreakAfter { get; set; }

    /// <summary>How many connections are cut, or held, before the rest are served.</summary>
    public int Breaks { get => _breaks; set => _breaks = value; }

    /// <summary>Cut connections are not closed, but held while the hub is there.</summary>
    public bool Stalls { get; set; }

    public bool IgnoresRanges { get; set; }

    /// <summary>Pause behind each 4 KiB.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>Status of the listing, while it is not 200.</summary>
    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>Requests for files: path, range and token.</summary>
    public ConcurrentQueue<(int Port, string Path, string? Range, string? Authorization)> Requests { get; } = [];

    /// <summary>Bytes that went out, whoever read them.</summary>
    public long BytesServed { get; private set; }

    /// <summary>Bytes of the ranges that <see cref="Requests"/> ask the server of the files for.</summary>
    public long BytesAsked => Requests.Where(request => request.Port == _filePort && request.Range is not null).Sum(request =>
    {
        (int from, int to) = Range(request.Range!);
        return (long)to - from;
    });

    public ModelStoreOptions Options(string folder) => new()
    {
        Folder = folder,
        Endpoint = Endpoint,
        Token = "secret",
        Offline = false,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        ChunkBytes = 65536,
    };

    public void Dispose()
    {
        _end.Cancel();
        _listener.Close();
        _end.Dispose();
    }

    /// <summary>Another program may take a port between the moment in which it is found free and the one in which it is used.</summary>
    private static (HttpListener Listener, int Port, int FilePort) Listen()
    {
        for (int i = 0; ; i++)
        {
            (int port, int filePort) = (FreePort(), FreePort());
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            listener.Prefixes.Add($"http://127.0.0.1:{filePort}/");
            try
            {
                listener.Start();
                return port == filePort ? throw new HttpListenerException() : (listener, port, filePort);
            }
            catch (HttpListenerException) when (i < Tries)
            {
                listener.Close();
            }
        }
    }

    /// <summary>First byte, and the one behind the last.</summary>
    private static (int From, int To) Range(string range)
    {
        string[] ends = range["bytes=".Length..].Split('-');
        return (int.Parse(ends[0], CultureInfo.InvariantCulture), int.Parse(ends[1], CultureInfo.InvariantCulture) + 1);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception problem) when (problem is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            string path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath);
            int port = context.Request.LocalEndPoint.Port;
            Requests.Enqueue((port, path, context.Request.Headers["Range"], context.Request.Headers["Authorization"]));
            if (path.StartsWith("/api/", StringComparison.Ordinal))
            {
                AnswerListing(context, path);
            }
            else if (port != _filePort)
            {
                context.Response.StatusCode = (int)HttpStatusCode.Redirect;
                context.Response.Headers["Location"] = $"http://127.0.0.1:{_filePort}{context.Request.Url.AbsolutePath}";
                context.Response.Close();
            }
            else
            {
                await SendFileAsync(context, path);
            }
        }
        catch (Exception problem) when (
            problem is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException
                or OperationCanceledException)
        {
            // The other side left, or the hub.
        }
    }

    private void AnswerListing(HttpListenerContext context, string path)
    {
        if (!path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 404;
            context.Response.Close();
            return;
        }

        context.Response.StatusCode = (int)Status;
        var siblings = new JsonArray();
        foreach ((string name, byte[] content) in Files)
        {
            siblings.Add((JsonNode)Describe(name, content));
        }

        string json = Listing(new JsonObject { ["sha"] = Commit, ["siblings"] = siblings }).ToJsonString();
        context.Response.Close(Encoding.UTF8.GetBytes(json), willBlock: false);
    }

    /// <summary>Large files are known by their SHA-256, others as git knows them.</summary>
    private static JsonObject Describe(string name, byte[] content)
    {
        var entry = new JsonObject { ["rfilename"] = name, ["size"] = content.Length, ["blobId"] = GitHash(content) };
        if (!name.EndsWith(".json", StringComparison.Ordinal))
        {
            entry["lfs"] = new JsonObject { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)), ["size"] = content.Length };
        }

        return entry;
    }

#pragma warning disable CA5350 // Git's.
    private static string GitHash(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350

    private async Task SendFileAsync(HttpListenerContext context, string path)
    {
        string prefix = $"/{Repository}/resolve/{Commit}/";
        if (!path.StartsWith(prefix, StringComparison.Ordinal) || !Files.TryGetValue(path[prefix.Length..], out byte[]? content))
        {
            context.Response.StatusCode = 404;
            context.Response.Close();
            return;
        }

        int from = 0, to = content.Length;
        if (!IgnoresRanges && context.Request.Headers["Range"] is { } range)
        {
            (from, to) = Range(range);
            context.Response.StatusCode = (int)HttpStatusCode.PartialContent;
            context.Response.Headers["Content-Range"] = $"bytes {from}-{to - 1}/{content.Length}";
        }

        context.Response.ContentLength64 = to - from;
        int sent = 0;
        for (int at = from; at < to; at += PieceBytes)
        {
            if (sent >= BreakAfter && Interlocked.Decrement(ref _breaks) >= 0)
            {
                await context.Response.OutputStream.FlushAsync();
                await Task.Delay(Stalls ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, _end.Token);
                context.Response.Abort();
                return;
            }

            int count = Math.Min(PieceBytes, to - at);
            await context.Response.OutputStream.WriteAsync(content.AsMemory(at, count));
            await context.Response.OutputStream.FlushAsync();
            sent += count;
            lock (Files)
            {
                BytesServed += count;
            }

            await Task.Delay(Pause);
        }

        context.Response.Close();
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace VkInfer;

/// <summary>Speaks to a hub: what a repository has, and bytes of its files. Thread-safe.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 8;
    private const int MostListingBytes = 64 << 20;

    private readonly ModelStoreOptions _options;
    private readonly HttpClient _http;

    public HubClient(ModelStoreOptions options)
    {
        _options = options;
#pragma warning disable CA2000 // The client disposes it.
        var handler = new SocketsHttpHandler
        {
            // Followed here, so that the token goes to no other host.
            AllowAutoRedirect = false,
            ConnectTimeout = options.StallTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AutomaticDecompression = DecompressionMethods.None,
        };
#pragma warning restore CA2000
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MostListingBytes };
        _http.DefaultRequestHeaders.UserAgent.Add(
            new ProductInfoHeaderValue("VkInfer", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What a repository has at a revision.</summary>
    /// <exception cref="ModelStoreException">The hub says no, or what it says cannot be used.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<HubRepository> ListAsync(ModelName name, CancellationToken cancellationToken)
    {
        Uri uri = At($"api/models/{name.Owner}/{name.Repository}/revision/{Uri.EscapeDataString(name.Revision)}?blobs=true");
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            using HttpResponseMessage response = await SendAsync(name, uri, null, null, stall.Token).ConfigureAwait(false);
            await response.Content.LoadIntoBufferAsync(MostListingBytes, stall.Token).ConfigureAwait(false);
            byte[] json = await response.Content.ReadAsByteArrayAsync(stall.Token).ConfigureAwait(false);
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(name, document.RootElement);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"no answer in {_options.StallTimeout.TotalSeconds:F0} s", problem);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new ModelStoreException($"{name}: {_options.Endpoint} does not answer as a hub does", problem);
        }
    }

    /// <summary>Asks for bytes of a file.</summary>
    /// <param name="name">The model it is for.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="to">The byte behind the last.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The response, of which only the header has been read: these bytes, or all where the hub has no ranges.</returns>
    public Task<HttpResponseMessage> OpenAsync(
        ModelName name, string commit, HubFile file, long from, long to, CancellationToken cancellationToken)
    {
        string path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        return SendAsync(name, At($"{name.Owner}/{name.Repository}/resolve/{commit}/{path}"), from, to - 1, cancellationToken);
    }

    private Uri At(string path) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<HttpResponseMessage> SendAsync(ModelName name, Uri uri, long? from, long? to, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            if (from is not null)
            {
                request.Headers.Range = new RangeHeaderValue(from, to);
            }

            if (_options.Token is { } token && Uri.Compare(
                uri, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            HttpResponseMessage response =
                await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                uri = (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location
                    ? Follow(name, uri, location)
                    : throw Refused(name, response.StatusCode);
            }
        }

        throw new ModelStoreException($"{name}: more than {MostRedirects} redirects, the last to {uri.Host}");
    }

    private static Uri Follow(ModelName name, Uri from, Uri location)
    {
        var to = new Uri(from, location);
        return to.Scheme == Uri.UriSchemeHttps || to.Scheme == from.Scheme
            ? to
            : throw new ModelStoreException($"{name}: {from.Host} redirects from {from.Scheme} to {to.Scheme}");
    }

    private Exception Refused(ModelName name, HttpStatusCode status) => (int)status switch
    {
        401 or 403 => new ModelStoreException(
            $"{name}: {_options.Endpoint.Host} does not give it {(_options.Token is null ? "without a token (HF_TOKEN)" : "to this token")}, "
            + "or it does not exist"),
        404 => new ModelStoreException($"{name}: {_options.Endpoint.Host} has no such repository, revision or file"),
        408 or 429 or >= 500 => new HttpRequestException($"status {(int)status}", null, status),
        _ => new ModelStoreException(string.Create(
            CultureInfo.InvariantCulture, $"{name}: {_options.Endpoint.Host} answers with status {(int)status}")),
    };

    private static HubRepository Read(ModelName name, JsonElement json)
    {
        string commit = json.GetProperty("sha").GetString() ?? "";
        if (commit.Length != 40 || !HubPath.IsHash(commit))
        {
            throw new ModelStoreException($"{name}: the hub's commit is no hash: {commit}");
        }

        var files = new List<HubFile>();
        foreach (JsonElement sibling in json.GetProperty("siblings").EnumerateArray())
        {
            string path = sibling.GetProperty("rfilename").GetString() ?? "";
            string? hash = sibling.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object
                ? lfs.GetProperty("sha256").GetString()
                : sibling.TryGetProperty("blobId", out JsonElement blob) ? blob.GetString() : null;
            long size = sibling.TryGetProperty("size", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.Number
                ? bytes.GetInt64()
                : -1;

            // A file that cannot be kept under its name is not there; a model that needs it is found incomplete.
            if (HubPath.IsSafe(path) && hash is not null && HubPath.IsHash(hash) && size >= 0)
            {
                files.Add(new HubFile(path, size, hash));
            }
        }

        return new HubRepository(commit, files);
    }
}

namespace VkInfer;

/// <summary>Where models are kept and where they come from. Immutable. The defaults are those of Hugging Face's own tools.</summary>
public sealed record ModelStoreOptions
{
    /// <summary>
    /// The folder, laid out as Hugging Face's cache, so that both find each other's models. Default: <c>HF_HUB_CACHE</c>, else
    /// <c>HF_HOME/hub</c>, else <c>huggingface/hub</c> in the user's cache folder.
    /// </summary>
    public string Folder { get; init; } = DefaultFolder();

    /// <summary>The hub: http or https, with a path or without. Default: <c>HF_ENDPOINT</c>, else Hugging Face.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint();

    /// <summary>
    /// Sent to the hub, and to no other host, for models that ask for it; null: none. Default: <c>HF_TOKEN</c>, else the file
    /// <c>token</c> in <c>HF_HOME</c>.
    /// </summary>
    public string? Token { get; init; } = DefaultToken();

    /// <summary>Uses what is in the folder, and no network. Default: whether <c>HF_HUB_OFFLINE</c> is set.</summary>
    public bool Offline { get; init; } = IsSet("HF_HUB_OFFLINE");

    /// <summary>Connections that load one file at a time, from 1 to 16.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How often a broken connection is tried again without a byte in between.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>How long a connection may give nothing before it counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Pause before the first new try; each further one is twice as long.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Bytes that one request asks for; for tests.</summary>
    internal long? ChunkBytes { get; init; }

    /// <summary>Throws <see cref="ArgumentException"/> naming the first option that is not allowed.</summary>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Folder);
        ArgumentNullException.ThrowIfNull(Endpoint);
        if (!Endpoint.IsAbsoluteUri || (Endpoint.Scheme != Uri.UriSchemeHttps && Endpoint.Scheme != Uri.UriSchemeHttp))
        {
            throw new ArgumentException($"Endpoint must be an http or https address; got {Endpoint}.", nameof(Endpoint));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Connections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Connections, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(Retries);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(StallTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
    }

    private static string DefaultFolder() => Variable("HF_HUB_CACHE") ?? Path.Combine(Home(), "hub");

    private static string Home() => Variable("HF_HOME") ?? Path.Combine(
        Variable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "huggingface");

    private static Uri DefaultEndpoint() =>
        Variable("HF_ENDPOINT") is { } text && Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out Uri? endpoint)
            ? endpoint
            : new Uri("https://huggingface.co");

    private static string? DefaultToken()
    {
        if (Variable("HF_TOKEN") is { } token)
        {
            return token.Trim();
        }

        try
        {
            return File.ReadAllText(Path.Combine(Home(), "token")).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsSet(string name) => Variable(name)?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON";

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

using System.Security.Cryptography;
using System.Text;

namespace VkInfer.Samples.Desktop.Hosting;

/// <summary>
/// Keeps out whoever is not the user: other users of this machine can reach its loopback address, and so can pages in the user's own
/// browser. The address that is opened has a token, which becomes a cookie; a request without it is refused, and so is one that names
/// another host or comes from a page of another origin.
/// </summary>
internal sealed class AccessToken
{
    private const string QueryName = "token";

    private readonly byte[] _token = RandomNumberGenerator.GetBytes(32);

    private string Text => Convert.ToHexStringLower(_token);

    /// <summary>The address to open.</summary>
    /// <param name="address">Where the server listens.</param>
    public Uri AddressWithToken(Uri address) => new(address, $"?{QueryName}={Text}");

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        // Cookies do not tell ports apart, and browsers count pages of other ports as of the same site.
        string host = $"127.0.0.1:{context.Connection.LocalPort}", cookie = $"vkinfer-{context.Connection.LocalPort}";
        string? origin = context.Request.Headers.Origin;
        if (context.Request.Host.Value != host || (origin is not null && origin != $"http://{host}"))
        {
            await RefuseAsync(context).ConfigureAwait(false);
        }
        else if (IsToken(context.Request.Query[QueryName]))
        {
            // What stands in the address line ends up in histories. Lax: the window comes here from a file.
            context.Response.Cookies.Append(cookie, Text, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" });
            context.Response.Redirect(context.Request.Path);
        }
        else if (IsToken(context.Request.Cookies[cookie]))
        {
            await next(context).ConfigureAwait(false);
        }
        else
        {
            await RefuseAsync(context).ConfigureAwait(false);
        }
    }

    private bool IsToken(string? text) =>
        text is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(Text));

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("Open this application by the address that it printed when it started.");
    }
}

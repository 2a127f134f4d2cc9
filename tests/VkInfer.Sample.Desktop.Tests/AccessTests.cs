using System.Net;
using Microsoft.AspNetCore.Builder;
using VkInfer.Samples.Desktop.Hosting;
using VkInfer.Samples.Desktop.Settings;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>Whoever has not been given the address gets nothing.</summary>
public sealed class AccessTests
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _application = null!;
    private Uri _address = null!;
    private Uri _base = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        // No model is needed, so none is found.
        DesktopRun.Keep(_folder, new DesktopSettings { Model = _folder.PathOf("none.gguf") });
        (_application, _address) = await DesktopHost.StartAsync(new DesktopArguments { DataFolder = _folder.FullName });
        _base = new Uri(_address.GetLeftPart(UriPartial.Authority));
    }

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public void The_server_listens_on_loopback_only() => Assert.That(_address.Host, Is.EqualTo("127.0.0.1"));

    [TestCase("/")]
    [TestCase("/app.js")]
    [TestCase("/_blazor/negotiate?negotiateVersion=1")]
    [TestCase("/?token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [TestCase("/?token=")]
    public async Task A_request_without_the_token_is_refused(string path)
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(_base, path));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task The_address_lets_in_and_the_token_leaves_it()
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(_address);
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Multiple(() =>
        {
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(response.RequestMessage!.RequestUri!.Query, Is.Empty);
            Assert.That(policy, Does.Contain("default-src 'none'").And.Not.Contain("unsafe"));
        });
    }

    [TestCase("Origin", "http://127.0.0.1:1")]
    [TestCase("Origin", "https://example.org")]
    [TestCase("Origin", "null")]
    [TestCase("Host", "example.org")]
    public async Task Another_page_in_the_users_browser_is_refused(string header, string value)
    {
        using var client = new HttpClient();
        using (await client.GetAsync(_address))
        {
            // The cookie is there now.
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, "/_blazor/negotiate?negotiateVersion=1"));
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }
}

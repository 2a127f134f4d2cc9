using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using VkInfer.Samples.Desktop.Hosting;
using VkInfer.Samples.Desktop.Settings;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>The application, and a page of the browser that shows it. What the page complains of fails the test.</summary>
internal sealed class DesktopWindow : IAsyncDisposable
{
    private readonly WebApplication? _application;
    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    private DesktopWindow(WebApplication? application, IBrowserContext context, IPage page)
    {
        _application = application;
        _context = context;
        Page = page;
        page.PageError += (_, problem) => _complaints.Add(problem);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _complaints.Add(message.Text);
            }
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Where a message is typed.</summary>
    public ILocator Composer => Page.GetByLabel("Message", new() { Exact = true });

    /// <summary>The last answer.</summary>
    public ILocator Answer => Page.Locator("article.assistant").Last;

    /// <summary>Starts the application and opens its window.</summary>
    /// <param name="folder">Where its data are.</param>
    /// <param name="settings">Its settings; null: those that it kept.</param>
    /// <param name="configure">Changes its services; null: none.</param>
    public static async Task<DesktopWindow> StartAsync(
        TemporaryFolder folder, DesktopSettings? settings, Action<IServiceCollection>? configure = null)
    {
        if (settings is not null)
        {
            DesktopRun.Keep(folder, settings);
        }

        (WebApplication application, Uri address) =
            await DesktopHost.StartAsync(new DesktopArguments { DataFolder = folder.FullName }, configure);
        return await OpenAsync(address, application);
    }

    /// <summary>Opens a window of an application that runs.</summary>
    /// <param name="address">Where.</param>
    /// <param name="application">Ends with the window; null: it is another process.</param>
    public static async Task<DesktopWindow> OpenAsync(Uri address, WebApplication? application = null)
    {
        IBrowserContext context = await Chromium.Instance.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = ColorScheme.Light,
            ViewportSize = new ViewportSize { Width = 1000, Height = 700 },
        });
        context.SetDefaultTimeout(30_000);
        IPage page = await context.NewPageAsync();
        var window = new DesktopWindow(application, context, page);
        await page.GotoAsync(address.ToString());
        await window.Composer.WaitForAsync();
        return window;
    }

    /// <summary>Waits until the model answers.</summary>
    public Task UntilReadyAsync() => ExpectAsync(Page.Locator(".model-status"), "context of");

    /// <summary>Waits until an element has a text.</summary>
    public static Task ExpectAsync(ILocator element, string text) => Assertions.Expect(element).ToContainTextAsync(text);

    /// <summary>Begins a conversation, and waits until messages go there.</summary>
    public async Task BeginAsync()
    {
        await Page.GetByRole(AriaRole.Link, new() { Name = "New conversation" }).ClickAsync();
        await ExpectAsync(Page.Locator("#messages"), "Ask something");
    }

    /// <summary>A button.</summary>
    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Presses the button of a dialog that closes it, and waits for that: nothing can be typed below it.</summary>
    public async Task CloseDialogAsync(string button)
    {
        await Button(button).ClickAsync();
        await Assertions.Expect(Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    }

    /// <summary>Sends a message, and waits for the end of the answer.</summary>
    public async Task AskAsync(string text)
    {
        await Composer.FillAsync(text);
        await Button("Send").ClickAsync();
        await Assertions.Expect(Page.Locator("article.user").Last).ToContainTextAsync(text);
        await UntilAnsweredAsync();
    }

    /// <summary>Waits until no answer is being given.</summary>
    public Task UntilAnsweredAsync() =>
        Assertions.Expect(Page.Locator("#messages")).ToHaveAttributeAsync("aria-busy", "false");

    /// <summary>Keeps a picture of the state that the page is in, and asks axe-core about it.</summary>
    public async Task CheckStateAsync(string name)
    {
        string folder = Path.Combine(Repository.Root ?? Path.GetTempPath(), "artifacts", "test-results", "desktop");
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png") });
        AxeResult result = await Page.RunAxe();
        Assert.That(
            result.Violations.Select(violation =>
                $"{violation.Id}: {violation.Help}: {string.Join("; ", violation.Nodes.Select(node => node.Html))}"),
            Is.Empty, name);
    }

    public async ValueTask DisposeAsync()
    {
        string[] complaints = [.. _complaints];
        await _context.DisposeAsync();
        if (_application is not null)
        {
            await _application.StopAsync();
            await _application.DisposeAsync();
        }

        Assert.That(complaints, Is.Empty);
    }
}

using Microsoft.Playwright;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>The browser of all tests: the system's own, so that nothing is downloaded.</summary>
[SetUpFixture]
internal sealed class Chromium
{
    private static readonly string[] Names =
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable"];

    private static IPlaywright? _playwright;

    /// <summary>The browser.</summary>
    public static IBrowser Instance { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task LaunchAsync()
    {
        string path = Find() ?? throw new InvalidOperationException("There is no Chromium; the package chromium has it.");
        Assertions.SetDefaultExpectTimeout(60_000); // Machines may be busy; what is right comes in a moment.
        _playwright = await Playwright.CreateAsync();
        Instance = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path });
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        if (Instance is not null)
        {
            await Instance.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string? Find()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return Names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }
}

using Microsoft.AspNetCore.Builder;
using VkInfer.Samples.Desktop.Hosting;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>A browser takes the way from the window's file to the page, cookie and all.</summary>
[Category("Browser")]
public sealed class EntranceTests
{
    [Test]
    public async Task The_window_comes_in_through_its_file()
    {
        using var folder = new TemporaryFolder();
        DesktopRun.Keep(folder, DesktopRun.Settings with { Model = folder.PathOf("none.gguf") });
        (WebApplication application, Uri address) =
            await DesktopHost.StartAsync(new DesktopArguments { DataFolder = folder.FullName });
        await using DesktopWindow window = await DesktopWindow.OpenAsync(AppWindow.WriteEntrance(address, folder.FullName), application);
        Assert.That(window.Page.Url, Does.StartWith("http://127.0.0.1:").And.Not.Contain("token"));
    }
}

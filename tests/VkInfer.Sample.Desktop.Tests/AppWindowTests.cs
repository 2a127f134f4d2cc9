using System.Diagnostics;
using VkInfer.Samples.Desktop.Hosting;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>What the browser is started with; a script stands in for it.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class AppWindowTests
{
    private readonly Dictionary<string, string?> _before = [];
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create()
    {
        _folder = new TemporaryFolder();
        string browser = _folder.Write("chromium", "#!/bin/sh\nfor argument; do echo \"$argument\"; done > \"${0%/*}/arguments\"\n"u8.ToArray());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Set("PATH", _folder.FullName + ":/usr/bin:/bin");
        Set("DISPLAY", ":99");
        Set("WAYLAND_DISPLAY", null);
    }

    [TearDown]
    public void Restore()
    {
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        _before.Clear();
        _folder.Dispose();
    }

    /// <summary>Other users see the arguments of processes.</summary>
    [Test]
    public async Task The_token_is_in_a_file_of_the_user_and_in_no_argument()
    {
        using Process? window = AppWindow.Open(new Uri("http://127.0.0.1:1234/?token=secret"), _folder.FullName);
        Assert.That(window, Is.Not.Null);
        await window.WaitForExitAsync();
        string[] arguments = await File.ReadAllLinesAsync(_folder.PathOf("arguments"));
        string entrance = _folder.PathOf("entrance.html");
        Assert.Multiple(() =>
        {
            Assert.That(arguments, Does.Contain($"--app=file://{entrance}"));
            Assert.That(arguments, Does.Contain($"--user-data-dir={_folder.PathOf("window")}"));
            Assert.That(string.Join(' ', arguments), Does.Not.Contain("secret"));
            Assert.That(File.ReadAllText(entrance), Does.Contain("url=http://127.0.0.1:1234/?token=secret"));
            if (!OperatingSystem.IsWindows())
            {
                Assert.That(File.GetUnixFileMode(entrance), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            }
        });
    }

    [Test]
    public void Without_a_screen_or_a_browser_there_is_no_window()
    {
        Set("PATH", "/nowhere");
        Assert.That(AppWindow.Open(new Uri("http://127.0.0.1:1234/"), _folder.FullName), Is.Null);
        Set("PATH", _folder.FullName);
        Set("DISPLAY", null);
        Assert.That(AppWindow.Open(new Uri("http://127.0.0.1:1234/"), _folder.FullName), Is.Null);
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}

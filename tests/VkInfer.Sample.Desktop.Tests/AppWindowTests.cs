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
        using var profile = WindowProfile.Take(_folder.FullName);
        using Process? window = AppWindow.Open(new Uri("http://127.0.0.1:1234/?token=secret"), profile);
        Assert.That(window, Is.Not.Null);
        await window.WaitForExitAsync();
        string[] arguments = await File.ReadAllLinesAsync(_folder.PathOf("arguments"));
        string entrance = Path.Combine(_folder.PathOf("window"), "entrance.html");
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
        using var profile = WindowProfile.Take(_folder.FullName);
        Set("PATH", "/nowhere");
        Assert.That(AppWindow.Open(new Uri("http://127.0.0.1:1234/"), profile), Is.Null);
        Set("PATH", _folder.FullName);
        Set("DISPLAY", null);
        Assert.That(AppWindow.Open(new Uri("http://127.0.0.1:1234/"), profile), Is.Null);
    }

    /// <summary>A browser on a profile in use ends at once, and so would the second application.</summary>
    [Test]
    public void Each_window_has_a_profile_of_its_own_and_leaves_it_to_the_next()
    {
        using var first = WindowProfile.Take(_folder.FullName);
        string second;
        using (var other = WindowProfile.Take(_folder.FullName))
        {
            second = other.Folder;
        }

        using var third = WindowProfile.Take(_folder.FullName);
        Assert.That(first.Folder, Is.EqualTo(_folder.PathOf("window")));
        Assert.That(second, Is.EqualTo(_folder.PathOf("window-2")));
        Assert.That(third.Folder, Is.EqualTo(second));
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}

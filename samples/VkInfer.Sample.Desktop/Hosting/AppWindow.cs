using System.Diagnostics;

namespace VkInfer.Samples.Desktop.Hosting;

/// <summary>A window of its own: a browser in app mode, without address line and tabs, with a profile apart from the user's.</summary>
internal static class AppWindow
{
    private static readonly string[] OfLinux =
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable"];

    private static readonly string[] OfWindows = ["Microsoft/Edge/Application/msedge.exe", "Google/Chrome/Application/chrome.exe"];

    private static readonly string[] OfMac = ["Google Chrome", "Chromium", "Microsoft Edge"];

    /// <summary>Opens the window.</summary>
    /// <param name="address">What it shows, with its token.</param>
    /// <param name="profile">The browser's profile, which no other window has.</param>
    /// <returns>The browser, which ends when the window is closed; null where there is no browser, or no screen.</returns>
    public static Process? Open(Uri address, WindowProfile profile)
    {
        if (!HasScreen() || Find() is not { } browser)
        {
            return null;
        }

        var start = new ProcessStartInfo(browser) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add($"--app={WriteEntrance(address, profile.Folder)}");
        start.ArgumentList.Add($"--user-data-dir={profile.Folder}");
        start.ArgumentList.Add("--no-first-run");
        start.ArgumentList.Add("--no-default-browser-check");
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
        {
            start.ArgumentList.Add("--no-sandbox"); // Chromium refuses to run as root with one.
        }

        try
        {
            Process? process = Process.Start(start);
            process?.BeginOutputReadLine(); // What it says is of no interest, but must be read.
            process?.BeginErrorReadLine();
            return process;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>
    /// A file of this user's alone that leads to the address: other users see the arguments of processes, and would see the token.
    /// </summary>
    internal static Uri WriteEntrance(Uri address, string folder)
    {
        string path = Path.Combine(Path.GetFullPath(folder), "entrance.html");
        File.Delete(path); // An old one keeps its rights.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write($"<!doctype html><title>VkInfer</title><meta http-equiv=\"refresh\" content=\"0;url={address}\">");
        return new Uri(path);
    }

    private static bool HasScreen() => !OperatingSystem.IsLinux()
        || Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 }
        || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };

    private static string? Find() => Candidates().FirstOrDefault(File.Exists);

    private static IEnumerable<string> Candidates()
    {
        if (OperatingSystem.IsWindows())
        {
            string[] folders =
            [
                Environment.GetFolderPath(Environment.SpecialFolder.ProgramFilesX86),
                Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles),
            ];
            return from folder in folders from program in OfWindows select Path.Combine(folder, program);
        }

        if (OperatingSystem.IsMacOS())
        {
            return from name in OfMac select $"/Applications/{name}.app/Contents/MacOS/{name}";
        }

        return
            from name in OfLinux
            from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            select Path.Combine(folder, name);
    }
}

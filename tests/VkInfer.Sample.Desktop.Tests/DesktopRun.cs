using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Settings;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>What runs of the application begin with.</summary>
internal static class DesktopRun
{
    /// <summary>The device that tests run on, and answers that are the same each time.</summary>
    public static DesktopSettings Settings => new()
    {
        Device = Environment.GetEnvironmentVariable("VKINFER_TEST_DEVICE") is { Length: > 0 } device ? device : "software",
        Temperature = 0,
    };

    /// <summary>Writes settings where the application finds them.</summary>
    public static void Keep(TemporaryFolder folder, DesktopSettings settings)
    {
        using var file = new DataFile(folder.PathOf("conversations.db"));
        new SettingsStore(file).Update(_ => settings);
    }
}

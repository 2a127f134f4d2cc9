using System.Text.Json;
using VkInfer.Samples.Desktop.Conversations;

namespace VkInfer.Samples.Desktop.Settings;

/// <summary>The settings of a <see cref="DataFile"/>. Thread-safe.</summary>
public sealed class SettingsStore
{
    private const string Name = "desktop";

    private readonly DataFile _file;
    private readonly Lock _lock = new();
    private DesktopSettings _current;

    /// <summary>Reads the settings; those that a file of another version cannot give are the defaults.</summary>
    /// <param name="file">Where they are kept; stays the caller's.</param>
    public SettingsStore(DataFile file)
    {
        _file = file;
        _current = Read(file);
    }

    /// <summary>Raised behind every change, from any thread.</summary>
    public event Action? Changed;

    /// <summary>The settings now.</summary>
    public DesktopSettings Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>Changes settings and keeps them.</summary>
    public void Update(Func<DesktopSettings, DesktopSettings> change)
    {
        lock (_lock)
        {
            DesktopSettings changed = change(_current);
            string json = JsonSerializer.Serialize(changed);
            _file.Change(connection =>
            {
                DataFile.Run(connection, "INSERT OR REPLACE INTO settings (name, value) VALUES ($0, $1)", Name, json);
                return 0;
            });
            _current = changed;
        }

        Changed?.Invoke();
    }

    private static DesktopSettings Read(DataFile file)
    {
        string? json = file.Read("SELECT value FROM settings WHERE name = $0", row => row.GetString(0), Name).SingleOrDefault();
        try
        {
            return (json is null ? null : JsonSerializer.Deserialize<DesktopSettings>(json)) ?? new DesktopSettings();
        }
        catch (JsonException)
        {
            return new DesktopSettings();
        }
    }
}

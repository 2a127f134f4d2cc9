using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Keeps what self-tests found: for the process, and on disk, one file for each device. A driver of another version starts anew, a shader
/// of another build has another key, and where there are too many, those that nobody has asked for are forgotten. Thread-safe; of two
/// processes the later one to write wins.
/// </summary>
internal sealed class SelfTestStore
{
    private const int MaxBytes = 1 << 20;

    // Half of what a file may hold; the self-test of every kernel has some hundreds.
    internal const int MostResults = 4000;

    private static readonly ConcurrentDictionary<string, Lazy<SelfTestStore>> Stores = new(StringComparer.Ordinal);

    private readonly Lock _lock = new();
    private readonly string? _path;
    private readonly SelfTestRecord _record;
    private readonly HashSet<string> _suspects = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <param name="path">Where it is kept; null: nowhere.</param>
    /// <param name="record">What is known; what processes have begun that are no more is read out of it.</param>
    internal SelfTestStore(string? path, SelfTestRecord record)
    {
        _path = path;
        _record = record;
        foreach ((string key, BegunCase begun) in record.Begun)
        {
            if (IsAlive(begun.ProcessId))
            {
                continue;
            }

            if (begun.Alone)
            {
                record.Results[key] = "the device or the process ended while it ran";
            }
            else
            {
                _suspects.Add(key);
            }
        }

        record.Begun.Clear();
    }

    /// <summary>The store of a device.</summary>
    public static SelfTestStore Of(PhysicalDeviceInfo device, ILogger? logger)
    {
        string? path = GpuCacheFolder.Current() is { } folder
            ? Path.Combine(folder, $"self-test-{device.Uuid}{(device.ProfileName is { } profile ? "-" + profile : "")}.json")
            : null;
        return Stores.GetOrAdd($"{path} {device.Uuid} {device.ProfileName} {device.DriverVersion}", _ => new(() => new SelfTestStore(
            path, JsonCacheFile.Read(path, SelfTestJsonContext.Default.SelfTestRecord, MaxBytes, read => Problem(read, device), logger)
                ?? Empty(device)))).Value;
    }

    /// <summary>One that nothing is kept in.</summary>
    public static SelfTestStore Forgetful(PhysicalDeviceInfo device) => new(null, Empty(device));

    /// <summary>The cases of this version that failed, each with what was wrong.</summary>
    public IReadOnlyList<(string Key, string Problem)> Failures
    {
        get
        {
            lock (_lock)
            {
                return
                [
                    .. _record.Results.Where(pair => pair.Value != SelfTestRecord.Passed && SelfTestCase.IsOfThisVersion(pair.Key))
                        .Select(pair => (pair.Key, pair.Value)),
                ];
            }
        }
    }

    /// <summary>Cases that have ended.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _record.Results.Count;
            }
        }
    }

    /// <summary>Whether a case has passed.</summary>
    public bool HasPassed(string key)
    {
        lock (_lock)
        {
            _asked.Add(key);
            return _record.Results.GetValueOrDefault(key) == SelfTestRecord.Passed;
        }
    }

    /// <summary>Whether a case ran when a process ended, or a device was late, and others ran with it.</summary>
    public bool IsSuspect(string key)
    {
        lock (_lock)
        {
            return _suspects.Contains(key);
        }
    }

    /// <summary>Has cases run one by one from now on.</summary>
    public void Suspect(IEnumerable<string> keys)
    {
        lock (_lock)
        {
            _suspects.UnionWith(keys);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _record.Results.Clear();
            _suspects.Clear();
        }
    }

    /// <summary>Notes on disk that cases are about to run, in case that they never end.</summary>
    public void Begin(IReadOnlyCollection<string> keys)
    {
        lock (_lock)
        {
            foreach (string key in keys)
            {
                _record.Begun[key] = new BegunCase(Environment.ProcessId, keys.Count == 1);
            }

            Write();
        }
    }

    /// <summary>Notes that cases run no longer, and the results of those that ended; what was wrong, or null.</summary>
    public void End(IEnumerable<string> keys, IEnumerable<(string Key, string? Problem)> results)
    {
        lock (_lock)
        {
            foreach (string key in keys)
            {
                _record.Begun.Remove(key);
            }

            foreach ((string key, string? problem) in results)
            {
                _record.Results[key] = problem ?? SelfTestRecord.Passed;
                _suspects.Remove(key);
                _asked.Add(key);
            }

            ForgetOthers();
            Write();
        }
    }

    private void ForgetOthers()
    {
        if (_record.Results.Count <= MostResults)
        {
            return;
        }

        foreach ((string key, string result) in _record.Results)
        {
            if ((result == SelfTestRecord.Passed || !SelfTestCase.IsOfThisVersion(key)) && !_asked.Contains(key))
            {
                _record.Results.Remove(key);
            }
        }
    }

    private void Write()
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            JsonCacheFile.Write(_path, SelfTestJsonContext.Default.SelfTestRecord, _record);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next process tests again.
        }
    }

    private static SelfTestRecord Empty(PhysicalDeviceInfo device) => new(device.Name, device.DriverName, device.DriverVersion, [], []);

    private static bool IsAlive(int processId)
    {
        try
        {
            using Process process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (Exception exception)
            when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string? Problem(SelfTestRecord record, PhysicalDeviceInfo device) =>
        (record.Device, record.DriverName, record.DriverVersion) == (device.Name, device.DriverName, device.DriverVersion)
            ? null
            : $"it is of {record.Device} with driver {record.DriverName} {record.DriverVersion}; the device is tested again";
}

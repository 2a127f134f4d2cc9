using System.Globalization;
using System.Security.Cryptography;

namespace VkInfer.Vulkan;

/// <summary>
/// The pipeline cache of one device and driver on disk: a SHA-256 of the data, then the driver's data. A file that is absent,
/// damaged or unreadable counts as empty, and one that cannot be written is done without: a cache only saves time.
/// </summary>
internal sealed class PipelineCacheFile(string? folder, PhysicalDeviceInfo info)
{
    private const long MostBytes = 256L << 20;

    private readonly string? _path = folder is null ? null : Path.Combine(folder, string.Create(
        CultureInfo.InvariantCulture,
        $"pipelines-{info.VendorId:x4}-{info.DeviceId:x4}-{info.Driver.Version:x8}-{info.Driver.CacheUuid}.bin"));

    private byte[] _onDisk = [];

    public bool IsEnabled => _path is not null;

    public string? FilePath => _path;

    public byte[]? Load()
    {
        try
        {
            if (_path is null || GpuCacheFolder.ReadFile(_path, MostBytes) is not { Length: >= SHA256.HashSizeInBytes } file)
            {
                return null;
            }

            Span<byte> data = file.AsSpan(SHA256.HashSizeInBytes);
            byte[] hash = SHA256.HashData(data);
            if (!hash.AsSpan().SequenceEqual(file.AsSpan(0, SHA256.HashSizeInBytes)))
            {
                return null;
            }

            _onDisk = hash;
            return data.ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a new file and moves it into place, so that a reader never sees half of it.</summary>
    public void Save(ReadOnlySpan<byte> data)
    {
        byte[] hash = SHA256.HashData(data);
        if (_path is null || data.Length > MostBytes || hash.AsSpan().SequenceEqual(_onDisk))
        {
            return;
        }

        string temporary = $"{_path}.{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            using (FileStream file = File.Create(temporary))
            {
                file.Write(hash);
                file.Write(data);
            }

            File.Move(temporary, _path, overwrite: true);
            _onDisk = hash;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The file stays in the cache folder; nothing reads it.
        }
    }
}

namespace VkInfer.Samples.Desktop.Hosting;

/// <summary>
/// The folder of a browser's profile, for one window at a time: a browser that is started on a profile in use hands its window to the one
/// that runs, and ends.
/// </summary>
internal sealed class WindowProfile : IDisposable
{
    private const int MostWindows = 64;

    private readonly FileStream _lock;

    private WindowProfile(string folder, FileStream held) => (Folder, _lock) = (folder, held);

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Takes the first profile that no other window has.</summary>
    /// <param name="dataFolder">Where profiles lie.</param>
    /// <exception cref="IOException">There is none, or it cannot be written.</exception>
    public static WindowProfile Take(string dataFolder)
    {
        for (int number = 1; ; number++)
        {
            string folder = Path.Combine(Path.GetFullPath(dataFolder), number == 1 ? "window" : $"window-{number}");
            Directory.CreateDirectory(folder);
            try
            {
                // Not in the profile, whose files are the browser's. It is free again when its process ends, however it does.
                return new WindowProfile(
                    folder, new FileStream($"{folder}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (number < MostWindows && File.Exists($"{folder}.lock"))
            {
            }
        }
    }

    /// <summary>Leaves it to the next window.</summary>
    public void Dispose() => _lock.Dispose();
}

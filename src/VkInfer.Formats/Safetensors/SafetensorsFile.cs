using System.Diagnostics.CodeAnalysis;

namespace VkInfer.Formats;

/// <summary>
/// The safetensors of a model: one file, or the shards that an index names. Validated as a whole when it is opened, as
/// <see cref="GgufFile"/> is; tensors have ggml's types and order of dimensions.
/// </summary>
public sealed class SafetensorsFile : IWeightSource
{
    /// <summary>Name of the one file in a model's folder.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>Name of the index of shards in a model's folder.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private const string Kind = "a safetensors file";

    private readonly TensorFiles _files;
    private readonly Dictionary<string, GgufTensor> _tensorsByName;

    private SafetensorsFile(TensorFiles files, List<GgufTensor> tensors, string path)
    {
        Path = path;
        Tensors = tensors.AsReadOnly();
        _tensorsByName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _files = files;
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Bytes of all files together.</summary>
    public long FileSize => _files.Length;

    /// <summary>Opens and validates one file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ModelFormatException">It is a directory, empty, no safetensors, or corrupt.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Own(FileBytes.Open(path, Kind), path);
    }

    /// <summary>Validates a file that is already in memory, which must not change.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ModelFormatException">It is empty, no safetensors, or corrupt.</exception>
    public static SafetensorsFile Open(ReadOnlyMemory<byte> bytes, string name = "memory") => Own(FileBytes.Of(bytes, name, Kind), name);

    /// <summary>Opens and validates <see cref="FileName"/> of a folder, or the shards that its <see cref="IndexName"/> names.</summary>
    /// <exception cref="FileNotFoundException">The folder has neither.</exception>
    /// <exception cref="ModelFormatException">A file is corrupt, or the shards are not what the index says.</exception>
    public static SafetensorsFile OpenFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string single = System.IO.Path.Combine(folder, FileName);
        string index = System.IO.Path.Combine(folder, IndexName);
        if (!File.Exists(index))
        {
            return File.Exists(single)
                ? Open(single)
                : throw new FileNotFoundException($"{folder}: neither {FileName} nor {IndexName} is there", single);
        }

        OrderedDictionary<string, HashSet<string>> shards = SafetensorsIndex.Read(index);
        var files = new TensorFiles();
        try
        {
            var tensors = new List<GgufTensor>();
            foreach ((string name, HashSet<string> expected) in shards)
            {
                string path = System.IO.Path.Combine(folder, name);
                if (!File.Exists(path))
                {
                    throw new ModelFormatException(index, null, $"shard {DisplayText.Quote(name)} is missing");
                }

                var part = FileBytes.Open(path, Kind);
                files.Add(part);
                List<GgufTensor> found = SafetensorsHeader.Read(part, path, files.Count - 1);
                SafetensorsIndex.Check(index, name, expected, found);
                tensors.AddRange(found);
            }

            return new SafetensorsFile(files, tensors, folder);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _tensorsByName.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination) => _files.Read(tensor, offset, destination);

    /// <summary>Closes the files, or lets the memory go. May be called more than once.</summary>
    public void Dispose() => _files.Dispose();

    private static SafetensorsFile Own(FileBytes file, string path)
    {
        var files = new TensorFiles(file);
        try
        {
            return new SafetensorsFile(files, SafetensorsHeader.Read(file, path, 0), path);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }
}

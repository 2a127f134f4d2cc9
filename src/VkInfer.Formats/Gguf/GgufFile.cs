using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace VkInfer.Formats;

/// <summary>
/// A GGUF file (version 2 or 3, little-endian), validated as a whole when it is opened: whatever opens has consistent
/// metadata and tensors that lie within the file and do not overlap. Anything else is a <see cref="ModelFormatException"/>. A model that
/// was split into files <c>NAME-00001-of-0000N.gguf</c> opens as one, by the path of any of them.
/// </summary>
/// <remarks>
/// Opening allocates in proportion to the header, never to a number that the header merely claims. Metadata stays usable after
/// <see cref="Dispose"/>; tensor data does not. All members may be used from several threads; <see cref="ReadTensor"/> may even race with
/// <see cref="Dispose"/>. The file stays open until then, and is read where it is asked for: if another program shortens it meanwhile,
/// reading throws.
/// </remarks>
public sealed partial class GgufFile : IWeightSource
{
    private const string Kind = "a GGUF file";

    private readonly TensorFiles _files;
    private readonly Dictionary<string, GgufTensor> _tensorsByName = [];

    private GgufFile(TensorFiles files, List<GgufParser> parts, string path)
    {
        Path = path;
        Version = (int)parts[0].Version;
        Alignment = parts[0].Alignment;
        FileSize = files.Length;
        Metadata = new ReadOnlyDictionary<string, GgufValue>(parts[0].Metadata);
        Tensors = parts.SelectMany(part => part.Tensors).ToList().AsReadOnly();
        foreach (GgufTensor tensor in Tensors)
        {
            if (!_tensorsByName.TryAdd(tensor.Name, tensor))
            {
                throw new ModelFormatException(path, null, $"tensor {DisplayText.Quote(tensor.Name)} is in two parts of the model");
            }
        }

        _files = files;
    }

    /// <summary>The file as the caller named it; of a model in parts the first.</summary>
    public string Path { get; }

    /// <summary>Version of the format, 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Alignment of tensor data in bytes, a power of two; of a model in parts that of the first.</summary>
    public long Alignment { get; }

    /// <summary>Size of the file in bytes, or of all parts together.</summary>
    public long FileSize { get; }

    /// <summary>All metadata in the order of the file; of a model in parts that of the first.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <summary>All tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Opens and validates a file, and with it the other parts of a model that was split.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ModelFormatException">It is a directory, empty, not GGUF, corrupt, or a part of it is missing.</exception>
    /// <exception cref="IOException">The system cannot read it.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not read it.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string first = GgufSplit.FirstPart(path);
        return Own(FileBytes.Open(first, Kind), first, canHaveParts: true);
    }

    /// <summary>Validates a file that is already in memory, which must not change.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ModelFormatException">It is empty, not GGUF, or corrupt.</exception>
    public static GgufFile Open(ReadOnlyMemory<byte> bytes, string name = "memory") =>
        Own(FileBytes.Of(bytes, name, Kind), name, canHaveParts: false);

    /// <summary>Reads a stream to its end into memory and validates it; the stream stays open and is the caller's.</summary>
    /// <param name="stream">The whole file, at most 2 GiB; for an embedded model, say.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ModelFormatException">It is empty, not GGUF, or corrupt.</exception>
    /// <exception cref="IOException">The stream cannot be read or is longer than an array may be.</exception>
    public static GgufFile Open(Stream stream, string name = "stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return Open(copy.GetBuffer().AsMemory(0, (int)copy.Length), name);
    }

    /// <inheritdoc/>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _tensorsByName.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination) => _files.Read(tensor, offset, destination);

    /// <summary>Closes the file, or lets the memory go. May be called more than once.</summary>
    public void Dispose() => _files.Dispose();

    private static GgufFile Own(FileBytes first, string path, bool canHaveParts)
    {
        var files = new TensorFiles(first);
        try
        {
            var parsers = new List<GgufParser> { Parse(first, path, 0) };
            int count = GgufSplit.ReadCount(parsers[0], path, canHaveParts);
            for (int i = 1; i < count; i++)
            {
                string next = GgufSplit.PartPath(path, i, count);
                var part = FileBytes.Open(next, Kind);
                files.Add(part);
                parsers.Add(Parse(part, next, i));
                GgufSplit.CheckPart(parsers[i], next, i, count);
            }

            GgufSplit.CheckTensorCount(parsers, path);
            return new GgufFile(files, parsers, path);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static GgufParser Parse(FileBytes file, string path, int part)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("GGUF files are read on little-endian machines only");
        }

        var parser = new GgufParser(new GgufCursor(file, path), part);
        parser.Parse();
        return parser;
    }
}

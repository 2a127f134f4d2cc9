namespace VkInfer.Formats;

/// <summary>The open files that a model's tensors lie in, and the checked way to their bytes. Owns the files; thread-safe.</summary>
internal sealed class TensorFiles : IDisposable
{
    private readonly List<FileBytes> _parts = [];

    public TensorFiles(params ReadOnlySpan<FileBytes> parts) => _parts.AddRange(parts);

    /// <summary>Number of files.</summary>
    public int Count => _parts.Count;

    /// <summary>Bytes of all files together.</summary>
    public long Length => _parts.Sum(part => part.Length);

    /// <summary>Adds a file; not to be called once tensors are read.</summary>
    public void Add(FileBytes part) => _parts.Add(part);

    /// <inheritdoc cref="IWeightSource.ReadTensor"/>
    public void Read(GgufTensor tensor, long offset, Span<byte> destination) =>
        Find(tensor, offset, destination.Length).Read(tensor.Offset + offset, destination);

    public void Dispose()
    {
        foreach (FileBytes part in _parts)
        {
            part.Dispose();
        }
    }

    // A tensor record can come from another file or from the caller, so its own range is checked as well.
    private FileBytes Find(GgufTensor tensor, long offset, int length)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        long size = (uint)tensor.Part < (uint)_parts.Count ? _parts[tensor.Part].Length : 0;
        if (tensor.Offset < 0 || tensor.ByteSize < 0 || tensor.Offset > size || tensor.ByteSize > size - tensor.Offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(tensor), $"{tensor} of {tensor.ByteSize} bytes at {tensor.Offset} lies outside the file of {size} bytes");
        }

        if (offset > tensor.ByteSize || length > tensor.ByteSize - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at {offset} lie outside {tensor} of {tensor.ByteSize} bytes");
        }

        return _parts[tensor.Part];
    }
}

namespace VkInfer.Formats;

/// <summary>The mapped files that a model's tensors lie in, and the checked way to their bytes. Owns the files.</summary>
internal sealed unsafe class TensorMemory : IDisposable
{
    private readonly List<FileMemory> _parts = [];

    public TensorMemory(params ReadOnlySpan<FileMemory> parts) => _parts.AddRange(parts);

    /// <summary>Number of files.</summary>
    public int Count => _parts.Count;

    /// <summary>Bytes of all files together.</summary>
    public long Length => _parts.Sum(part => part.Length);

    /// <summary>Adds a file; not to be called once tensors are read.</summary>
    public void Add(FileMemory part) => _parts.Add(part);

    /// <summary>Copies bytes of a tensor; safe against a <see cref="Dispose"/> on another thread.</summary>
    public void Read(GgufTensor tensor, long offset, Span<byte> destination)
    {
        var part = Find(tensor, offset, destination.Length);
        var held = false;
        try
        {
            part.DangerousAddRef(ref held);
            new ReadOnlySpan<byte>(part.Pointer + tensor.Offset + offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            if (held)
            {
                part.DangerousRelease();
            }
        }
    }

    /// <inheritdoc cref="IWeightSource.GetTensorData"/>
    public ReadOnlySpan<byte> Get(GgufTensor tensor, long offset, int length)
    {
        var part = Find(tensor, offset, length);
        ObjectDisposedException.ThrowIf(part.IsClosed, typeof(IWeightSource));
        return new ReadOnlySpan<byte>(part.Pointer + tensor.Offset + offset, length);
    }

    public void Dispose()
    {
        foreach (var part in _parts)
        {
            part.Dispose();
        }
    }

    // A tensor record can come from another file or from the caller, so its own range is checked as well.
    private FileMemory Find(GgufTensor tensor, long offset, int length)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var size = (uint)tensor.Part < (uint)_parts.Count ? _parts[tensor.Part].Length : 0;
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

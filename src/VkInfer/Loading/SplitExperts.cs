using System.Diagnostics.CodeAnalysis;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>The tensors of a GGUF file, those of <see cref="FusedExperts"/> as their halves. Owns the file.</summary>
internal sealed class SplitExperts : IWeightSource
{
    private readonly IWeightSource _file;
    private readonly Dictionary<string, FusedExperts> _halves = new(StringComparer.Ordinal);

    private SplitExperts(IWeightSource file)
    {
        _file = file;
        var tensors = new List<GgufTensor>();
        foreach (GgufTensor tensor in file.Tensors)
        {
            FusedExperts[] halves = FusedExperts.Split(tensor) ?? [];
            foreach (FusedExperts half in halves)
            {
                if (file.TryGetTensor(half.Part.Name, out _))
                {
                    throw new UnsupportedModelException($"{file.Path}: tensor {half.Part.Name} is there twice, once within {tensor.Name}.");
                }

                _halves.Add(half.Part.Name, half);
            }

            tensors.AddRange(halves.Length == 0 ? [tensor] : halves.Select(half => half.Part));
        }

        Tensors = tensors;
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>The tensors of a file; the file itself where none is of two.</summary>
    /// <exception cref="UnsupportedModelException">A half is there beside the whole.</exception>
    public static IWeightSource Of(IWeightSource file) =>
        file.Tensors.Any(tensor => FusedExperts.Split(tensor) is not null) ? new SplitExperts(file) : file;

    /// <inheritdoc/>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor)
    {
        if (_halves.TryGetValue(name, out FusedExperts? half))
        {
            tensor = half.Part;
            return true;
        }

        return _file.TryGetTensor(name, out tensor) && FusedExperts.Split(tensor) is null;
    }

    /// <inheritdoc/>
    public void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_halves.TryGetValue(tensor.Name, out FusedExperts? half))
        {
            half.Read(_file, offset, destination);
            return;
        }

        _file.ReadTensor(tensor, offset, destination);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

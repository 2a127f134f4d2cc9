using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// The weights of a folder, in which tensors that together are one quantised matrix stand as GGUF has them: <c>….weight</c>, and where the
/// format needs it <c>….scale</c>. Immutable.
/// </summary>
internal sealed class HfQuantization
{
    private readonly Dictionary<string, HfPart> _parts = new(StringComparer.Ordinal);

    /// <param name="scheme">How matrices are quantised; null: none are.</param>
    /// <param name="file">The tensors.</param>
    /// <exception cref="UnsupportedModelException">A tensor of a matrix is missing, or has the wrong type or shape.</exception>
    public HfQuantization(HfScheme? scheme, IWeightSource file)
    {
        if (scheme is null)
        {
            Weights = file.Tensors;
            return;
        }

        var used = new HashSet<string>(StringComparer.Ordinal);
        var weights = new List<GgufTensor>();
        foreach (GgufTensor tensor in file.Tensors.Where(tensor => tensor.Name.EndsWith(scheme.QuantsSuffix, StringComparison.Ordinal)))
        {
            string stem = tensor.Name[..^scheme.QuantsSuffix.Length];
            if (scheme.QuantsSuffix == ".weight" && !file.TryGetTensor(stem + scheme.ScalesSuffix, out _))
            {
                continue; // Not quantised.
            }

            foreach (HfPart part in scheme.Find(file, new PackedParts(file, stem, used)))
            {
                _parts[stem + part.Suffix] = part;
                weights.Add(tensor with { Name = stem + part.Suffix });
            }
        }

        weights.AddRange(file.Tensors.Where(tensor => !used.Contains(tensor.Name)));
        Weights = weights;
    }

    /// <summary>
    /// The tensors under Hugging Face's names: those of the file, and in the place of those that make a matrix what they make.
    /// </summary>
    public IReadOnlyList<GgufTensor> Weights { get; }

    /// <summary>How a quantised tensor is read; null where it is none.</summary>
    /// <param name="tensor">One of <see cref="Weights"/>.</param>
    /// <param name="name">Its name in GGUF.</param>
    public HfTensorForm? FormOf(GgufTensor tensor, string name) =>
        _parts.TryGetValue(tensor.Name, out HfPart? part) ? part.Form(name) : null;
}

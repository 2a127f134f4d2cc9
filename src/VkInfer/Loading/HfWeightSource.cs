using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using VkInfer.Configuration;
using VkInfer.Families;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// The safetensors of a Hugging Face folder under GGUF's names and in its form, so that what plans and uploads need not know where weights
/// come from. A name that the family does not know is kept, for the planner to refuse.
/// </summary>
internal sealed partial class HfWeightSource : IWeightSource
{
    private const int MostChanged = 4;

    private static readonly string[] Suffixes = [".weight", ".bias", ".scale"];

    // Parameters whose names end so in GGUF.
    private static readonly string[] Bare = [".ssm_a", ".ssm_d"];

    private readonly SafetensorsFile _file;
    private readonly Dictionary<string, GgufTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HfTensorForm> _forms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FusedExperts> _fused = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly List<(string Name, Lazy<byte[]> Data)> _changed = [];

    /// <exception cref="UnsupportedModelException">The family is unknown, or two tensors have one name in GGUF.</exception>
    public HfWeightSource(string folder, HfJson config)
    {
        ModelFamily family = ModelFamily.FindHuggingFace(config.Path, config.String("model_type"));

        HfScheme? scheme = family.HfScheme(config); // Before the files, which may have types that only a scheme that is refused has.

        // As transformers does: a whole file comes before an index, which may be of an earlier state of the folder.
        string whole = System.IO.Path.Combine(folder, SafetensorsFile.FileName);
        _file = File.Exists(whole) ? SafetensorsFile.Open(whole) : SafetensorsFile.OpenFolder(folder);
        try
        {
            bool isTied = config.TryBool("tie_word_embeddings")
                ?? ModelFamily.TextConfig(config).TryBool("tie_word_embeddings") ?? family.TiesEmbeddings;
            var quantized = new HfQuantization(scheme, _file);
            foreach (GgufTensor tensor in quantized.Weights.Where(tensor => !family.IsLeftOut(tensor.Name)))
            {
                string name = ToGgufName(family, tensor.Name);
                GgufTensor renamed = tensor with { Name = name };
                if (FusedExperts.Split(renamed) is { } parts)
                {
                    foreach (FusedExperts part in parts)
                    {
                        _fused[part.Part.Name] = part;
                        Add(folder, part.Part, tensor.Name);
                    }

                    continue;
                }

                HfTensorForm? packed = quantized.FormOf(tensor, name);
                if (packed is null && family.Split(renamed, ModelFamily.TextConfig(config)) is { Count: > 0 } pieces)
                {
                    foreach (HfTensorForm piece in pieces)
                    {
                        _forms[piece.Changed.Name] = piece;
                        Add(folder, piece.Changed, tensor.Name);
                    }

                    continue;
                }

                if ((packed ?? HfTensorForm.Of(family, renamed)) is { } form)
                {
                    _forms[name] = form;
                    renamed = form.Changed;
                }

                // Some tied models store the embedding a second time.
                if (!isTied || name != "output.weight")
                {
                    Add(folder, renamed, tensor.Name);
                }
            }

            if (!isTied && !_tensors.ContainsKey("output.weight"))
            {
                throw new UnsupportedModelException(
                    $"{folder}: the output projection is missing, and tie_word_embeddings is not true in {config.Path}.");
            }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>Bytes of the files.</summary>
    public long FileBytes => _file.FileSize;

    /// <inheritdoc/>
    public IReadOnlyList<GgufTensor> Tensors => [.. _tensors.Values];

    /// <inheritdoc/>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _tensors.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_fused.TryGetValue(tensor.Name, out FusedExperts? part))
        {
            part.Read(_file, offset, destination);
            return;
        }

        if (!_forms.TryGetValue(tensor.Name, out HfTensorForm? form))
        {
            _file.ReadTensor(tensor, offset, destination);
            return;
        }

        byte[] data = Change(form);
        if (offset < 0 || offset > data.Length - destination.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{destination.Length} bytes at {offset} lie outside {tensor} of {data.Length} bytes");
        }

        data.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Add(string folder, GgufTensor tensor, string stored)
    {
        if (!_tensors.TryAdd(tensor.Name, tensor))
        {
            throw new UnsupportedModelException($"{folder}: two tensors are {tensor.Name} in GGUF, one of them {stored}.");
        }
    }

    // The latest are kept, since matrices are read in pieces, by several threads at once.
    private byte[] Change(HfTensorForm form)
    {
        Lazy<byte[]> entry;
        lock (_gate)
        {
            (string Name, Lazy<byte[]> Data) kept = _changed.Find(changed => changed.Name == form.Changed.Name);
            entry = kept.Data ?? new Lazy<byte[]>(
                () => form.Read(_file));
            if (kept.Data is null)
            {
                _changed.Add((form.Changed.Name, entry));
                if (_changed.Count > MostChanged)
                {
                    _changed.RemoveAt(0);
                }
            }
        }

        return entry.Value;
    }

    private static string ToGgufName(ModelFamily family, string name)
    {
        string suffix = Suffixes.FirstOrDefault(suffix => name.EndsWith(suffix, StringComparison.Ordinal), "");
        string stem = name[..^suffix.Length];
        if (Find(family, stem) is not { } known || (suffix.Length == 0 && !FusedExperts.HasNoSuffix(known) && !IsWhole(known)))
        {
            return name;
        }

        // A parameter that is no tensor of a layer has its whole name in the table.
        string end = suffix.Length > 0 ? suffix : IsWhole(known) ? "" : ".weight";

        // The layer's number, then the expert's.
        foreach (Match number in Number().Matches(stem))
        {
            int star = known.IndexOf('*', StringComparison.Ordinal);
            known = $"{known[..star]}{number.Groups[1].Value}{known[(star + 1)..]}";
        }

        return known + end;

        static bool IsWhole(string name) => Suffixes.Concat(Bare).Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));
    }

    /// <summary>
    /// GGUF's name with a star for each number: of the name as it is, without the prefix of the text part of a larger model, with the
    /// usual prefix for that of Mamba's code, or with the prefix that a base model saves its tensors without.
    /// </summary>
    private static string? Find(ModelFamily family, string stem)
    {
        string pattern = Number().Replace(stem, ".*.");
        string text = pattern.StartsWith("language_model.", StringComparison.Ordinal) ? pattern["language_model.".Length..]
            : pattern.StartsWith("model.language_model.", StringComparison.Ordinal) ? "model." + pattern["model.language_model.".Length..]
            : pattern.StartsWith("backbone.", StringComparison.Ordinal) ? "model." + pattern["backbone.".Length..]
            : pattern;
        string[] names = [pattern, text, "model." + text];
        return names.Select(candidate => family.HfTensorNames.GetValueOrDefault(candidate)).FirstOrDefault(found => found is not null);
    }

    [GeneratedRegex(@"\.(0|[1-9][0-9]{0,5})\.", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}

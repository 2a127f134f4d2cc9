using System.Diagnostics.CodeAnalysis;
using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tokenization;

namespace VkInfer.Proof;

/// <summary>A model without a tokenizer, in memory as a file would hold it. Whoever derives adds its tensors.</summary>
/// <param name="name">For messages.</param>
/// <param name="config">The model's shape.</param>
internal abstract class MemoryModel(string name, ModelConfig config) : ModelSource, IWeightSource
{
    private readonly Dictionary<string, GgufTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _data = new(StringComparer.Ordinal);

    public override string Path => Name;

    public override string Name => name;

    public override long FileBytes => _data.Values.Sum(data => (long)data.Length);

    public override IEnumerable<KeyValuePair<string, string>> Metadata => [];

    public override IWeightSource Weights => this;

    public override string? ChatTemplate => null;

    public IReadOnlyList<GgufTensor> Tensors => [.. _tensors.Values];

    /// <summary>The model's shape.</summary>
    protected ModelConfig Config => config;

    /// <summary>Tensors so far.</summary>
    protected int TensorCount => _tensors.Count;

    public override ModelConfig ReadConfig() => config;

    public override SamplingOptions ReadSampling() => new();

    public override Tokenizer? CreateTokenizer(int? vocabSize = null) => null;

    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _tensors.TryGetValue(name, out tensor);

    public void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination) =>
        _data[tensor.Name].AsSpan((int)offset, destination.Length).CopyTo(destination);

    public override void Dispose()
    {
    }

    /// <summary>Adds a matrix, or a vector where there is one row, in the bytes of its format.</summary>
    protected void Add(string name, int rows, int columns, GgufTensorType type, byte[] data)
    {
        _tensors[name] = new GgufTensor(name, type, rows == 1 ? [columns] : [columns, rows], 0, data.Length);
        _data[name] = data;
    }

    /// <summary>Evenly distributed values.</summary>
    protected static float[] Noise(int seed, int count, float mean, float deviation)
    {
        float[] uniform = Buffers.Random(seed, count, -MathF.Sqrt(3), MathF.Sqrt(3));
        return [.. uniform.Select(value => mean + (deviation * value))];
    }
}

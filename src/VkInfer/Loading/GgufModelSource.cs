using Microsoft.Extensions.Logging;
using VkInfer.Configuration;
using VkInfer.Embeddings;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>A GGUF file, which has everything in one.</summary>
internal sealed class GgufModelSource(GgufFile file, ILogger? logger = null) : ModelSource
{
    private const int MaxNameCharacters = 200;

    private readonly Lazy<IWeightSource> _weights = new(() => SplitExperts.Of(file));

    /// <summary>The file.</summary>
    public GgufFile File => file;

    /// <inheritdoc/>
    public override string Path => file.Path;

    /// <inheritdoc/>
    public override string Name =>
        file.TryGetString("general.name", out string name)
            ? DisplayText.OneLine(name, MaxNameCharacters)
            : System.IO.Path.GetFileNameWithoutExtension(file.Path);

    /// <inheritdoc/>
    public override long FileBytes => file.FileSize;

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> Metadata =>
        file.Metadata.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString()));

    /// <inheritdoc/>
    public override IWeightSource Weights => _weights.Value;

    /// <inheritdoc/>
    public override string? ChatTemplate => file.TryGetString("tokenizer.chat_template", out string template) ? template : null;

    /// <inheritdoc/>
    public override ModelConfig ReadConfig() => GgufConfigReader.Read(file, logger);

    /// <inheritdoc/>
    public override IReadOnlyList<DenseModule> ReadDense(ModelConfig config) => DenseReader.ReadGguf(file, config);

    /// <inheritdoc/>
    public override Tokenizer? CreateTokenizer(int? vocabSize = null) => GgufTokenizerReader.Create(file, vocabSize, logger);

    /// <inheritdoc/>
    public override SamplingOptions ReadSampling() => RecommendedSampling.Of(file, logger);

    /// <inheritdoc/>
    public override void Dispose() => file.Dispose();
}

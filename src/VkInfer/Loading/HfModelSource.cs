using Microsoft.Extensions.Logging;
using VkInfer.Configuration;
using VkInfer.Embeddings;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>A Hugging Face folder: <c>config.json</c>, safetensors, and the files of the tokenizer.</summary>
internal sealed class HfModelSource : ModelSource
{
    private readonly HfJson _config;
    private readonly ILogger? _logger;
    private readonly Lazy<SentenceModules?> _modules;
    private HfWeightSource? _weights;

    public HfModelSource(string folder, ILogger? logger = null)
    {
        Path = folder;
        _logger = logger;
        _config = HfJson.Read(System.IO.Path.Combine(folder, "config.json"));
        _modules = new Lazy<SentenceModules?>(() => SentenceModules.TryRead(folder));
        Tokenizer = new HfTokenizerReader(folder, logger);
    }

    private HfTokenizerReader Tokenizer { get; }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override string Name =>
        System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    /// <inheritdoc/>
    public override long FileBytes => OpenWeights().FileBytes;

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> Metadata => _config.Describe();

    /// <inheritdoc/>
    public override IWeightSource Weights => OpenWeights();

    /// <inheritdoc/>
    public override string? ChatTemplate => Tokenizer.ChatTemplate;

    /// <inheritdoc/>
    public override ModelConfig ReadConfig()
    {
        ModelConfig config = HfConfigReader.Read(_config, Weights, _logger);
        return _modules.Value is { } modules ? config with { Pooling = modules.Pooling } : config;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<DenseModule> ReadDense(ModelConfig config) =>
        _modules.Value is { } modules ? DenseReader.Read(modules.Dense, config) : [];

    /// <inheritdoc/>
    public override Tokenizer? CreateTokenizer(int? vocabSize = null) => Tokenizer.Create(_config, vocabSize);

    /// <inheritdoc/>
    public override SamplingOptions ReadSampling() => RecommendedSampling.Of(Tokenizer.ReadGeneration(), _logger);

    /// <summary>The vocabulary as GGUF has it.</summary>
    public TokenizerData ReadTokenizerData(int vocabSize) => Tokenizer.ReadData(_config, vocabSize);

    /// <inheritdoc/>
    public override void Dispose() => _weights?.Dispose();

    // At first use: a tokenizer can be had of a folder whose weights are of no use here.
    private HfWeightSource OpenWeights() => _weights ??= new HfWeightSource(Path, _config);
}

using Microsoft.Extensions.Logging;
using VkInfer.Embeddings;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>A model as it lies on disk, whichever its layout: what loading, inspecting and converting need of it.</summary>
internal abstract class ModelSource : IDisposable
{
    /// <summary>The file or folder as the caller named it.</summary>
    public abstract string Path { get; }

    /// <summary>The model's name.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of the files with weights.</summary>
    public abstract long FileBytes { get; }

    /// <summary>What the model says of itself, as text.</summary>
    public abstract IEnumerable<KeyValuePair<string, string>> Metadata { get; }

    /// <summary>The weights, under GGUF's names.</summary>
    /// <exception cref="UnsupportedModelException">A folder's model is of no known family.</exception>
    public abstract IWeightSource Weights { get; }

    /// <summary>The model's chat template as Jinja source, or null where it has none.</summary>
    public abstract string? ChatTemplate { get; }

    /// <summary>How the model's files say that its tokens are to be chosen; unset where they say nothing.</summary>
    public abstract SamplingOptions ReadSampling();

    /// <summary>Opens a GGUF file, or a Hugging Face folder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="logger">Told what in it is odd but harmless; null: nobody.</param>
    /// <exception cref="FileNotFoundException">Neither is there.</exception>
    /// <exception cref="ModelFormatException">A file with weights is damaged.</exception>
    /// <exception cref="UnsupportedModelException">The folder's configuration cannot be read.</exception>
    public static ModelSource Open(string path, ILogger? logger = null) =>
        Directory.Exists(path) ? new HfModelSource(path, logger) : new GgufModelSource(GgufFile.Open(path), logger);

    /// <summary>Reads the model's shape.</summary>
    /// <exception cref="UnsupportedModelException">It does not run here.</exception>
    public abstract ModelConfig ReadConfig();

    /// <summary>Reads the linear layers that pooled hidden states go through.</summary>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="UnsupportedModelException">They do not fit, or are of a kind that does not run here.</exception>
    public virtual IReadOnlyList<DenseModule> ReadDense(ModelConfig config) => [];

    /// <summary>Builds the tokenizer; null where the model has none.</summary>
    /// <param name="vocabSize">Tokens that the weights know; null: as many as the tokenizer has.</param>
    /// <exception cref="UnsupportedModelException">It contradicts itself, or is of a kind that is not supported.</exception>
    public abstract Tokenizer? CreateTokenizer(int? vocabSize = null);

    /// <inheritdoc/>
    public abstract void Dispose();
}

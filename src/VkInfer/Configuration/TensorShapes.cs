using Microsoft.Extensions.Logging;
using VkInfer.Formats;

namespace VkInfer.Configuration;

/// <summary>
/// What the tensors say about the sizes of a model. They are right where a configuration says otherwise, as those of fine-tuned models with
/// a changed vocabulary do; the difference is logged. Without tensors the configuration is believed.
/// </summary>
/// <param name="weights">The weights under GGUF's names, or null.</param>
/// <param name="path">The configuration's file.</param>
/// <param name="logger">Where differences are told, or null.</param>
internal sealed class TensorShapes(IWeightSource? weights, string path, ILogger? logger)
{
    private const string Embedding = "token_embd.weight";

    /// <summary>Rows of the token embedding.</summary>
    /// <param name="declared">What the configuration says; null or 0: nothing.</param>
    /// <param name="key">Its key there.</param>
    /// <exception cref="UnsupportedModelException">There is no embedding, or it is too large.</exception>
    public int VocabSize(int? declared, string key)
    {
        if (weights is null)
        {
            return declared is > 0 and <= ModelLimits.MaxVocabSize ? declared.Value : throw new UnsupportedModelException(
                $"{path}: {key} is {declared?.ToString() ?? "nothing"}; expected an integer from 1 to {ModelLimits.MaxVocabSize}.");
        }

        if (!weights.TryGetTensor(Embedding, out GgufTensor? embedding))
        {
            throw new UnsupportedModelException($"{weights.Path}: tensor {Embedding} is missing.");
        }

        if (embedding.Rows > ModelLimits.MaxVocabSize)
        {
            throw new UnsupportedModelException(
                $"{weights.Path}: {Embedding} has {embedding.Rows} rows; expected at most {ModelLimits.MaxVocabSize}.");
        }

        int rows = (int)embedding.Rows;
        return declared is null or 0 ? rows : Prefer(rows, declared.Value, key, Embedding);
    }

    /// <summary>Checks the width of the residual stream, on which everything else hangs.</summary>
    /// <exception cref="UnsupportedModelException">The embedding has another.</exception>
    public int HiddenSize(int declared, string key) =>
        weights is null || !weights.TryGetTensor(Embedding, out GgufTensor? embedding) || embedding.Columns == declared ? declared
        : throw new UnsupportedModelException(
            $"{path}: {key} is {declared}, but {Embedding} is {embedding.Rows} x {embedding.Columns}; "
            + $"expected {embedding.Rows} x {declared}.");

    /// <summary>
    /// Elements of a head, and whether the tensors prove it: the output projection has columns for all query heads, and K has rows for all
    /// key heads. Where layers differ, those of one of them count.
    /// </summary>
    public (int HeadDim, bool IsProven) HeadDim(int heads, int kvHeads, int declared, string key, int layer = 0)
    {
        if (weights is null || !weights.TryGetTensor($"blk.{layer}.attn_output.weight", out GgufTensor? output) || output.Columns % heads != 0
            || output.Columns / heads > ModelLimits.MaxWidth)
        {
            return (declared, false);
        }

        int headDim = (int)(output.Columns / heads);
        bool isProven = weights.TryGetTensor($"blk.{layer}.attn_k.weight", out GgufTensor? k) ? k.Rows == (long)kvHeads * headDim
            : weights.TryGetTensor($"blk.{layer}.attn_qkv.weight", out GgufTensor? qkv) && qkv.Rows == (heads + (2L * kvHeads)) * headDim;
        return isProven ? (Prefer(headDim, declared, key, output.Name), true) : (declared, false);
    }

    /// <summary>Whether the model has a tensor; without tensors the configuration is believed, and what it may lack is not there.</summary>
    /// <param name="name">GGUF's name.</param>
    public bool Has(string name) => weights?.TryGetTensor(name, out _) == true;

    /// <summary>Rows of a tensor that the model has.</summary>
    /// <param name="name">GGUF's name.</param>
    public int RowsOf(string name) => weights is not null && weights.TryGetTensor(name, out GgufTensor? tensor)
        ? (int)Math.Min(tensor.Rows, ModelLimits.MaxWidth)
        : 0;

    /// <summary>Columns of the last matrix of the feed-forward layer, or of an expert.</summary>
    public int IntermediateSize(int declared, string key, bool hasExperts)
    {
        string[] names = hasExperts ? ["blk.0.ffn_down_exps.weight", "blk.0.ffn_down.0.weight"] : ["blk.0.ffn_down.weight"];
        foreach (string name in names)
        {
            if (weights is not null && weights.TryGetTensor(name, out GgufTensor? down) && down.Columns <= ModelLimits.MaxWidth)
            {
                return Prefer((int)down.Columns, declared, key, name);
            }
        }

        return declared;
    }

    private int Prefer(int actual, int declared, string key, string tensor)
    {
        if (actual != declared)
        {
            logger?.LogWarning("{Path}: {Key} is {Declared}; {Tensor} is of a model with {Actual}, which counts", path, key, declared,
                tensor, actual);
        }

        return actual;
    }
}

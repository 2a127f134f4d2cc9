using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Tokenization;

namespace VkInfer.Cli;

/// <summary>Takes the tokenizer out of a model, without a device and whatever the model's architecture.</summary>
internal static class TokenizerFile
{
    /// <summary>Reads the tokenizer of a GGUF file or a Hugging Face folder.</summary>
    /// <exception cref="ModelFormatException">A file is damaged or of another format.</exception>
    /// <exception cref="UnsupportedModelException">There is no tokenizer, or it cannot be used.</exception>
    public static Tokenizer Load(string path)
    {
        using ModelSource source = ModelSource.Open(path);
        return source.CreateTokenizer()
            ?? throw new UnsupportedModelException(
            $"{path}: there is no tokenizer (tokenizer.json, tokenizer.model, or tokenizer.ggml.tokens).");
    }
}

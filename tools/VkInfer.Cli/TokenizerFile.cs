using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Tokenization;

namespace VkInfer.Cli;

/// <summary>Takes the tokenizer out of a model file, without a device and whatever the model's architecture.</summary>
internal static class TokenizerFile
{
    private const string Tokens = "tokenizer.ggml.tokens";

    /// <summary>Reads a GGUF file's tokenizer.</summary>
    /// <exception cref="ModelFormatException">The file is damaged or no GGUF.</exception>
    /// <exception cref="UnsupportedModelException">The vocabulary cannot be used.</exception>
    public static Tokenizer Load(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        int vocabSize = file.GetByteStringArray(Tokens).Count;
        return GgufTokenizerReader.Create(file, vocabSize);
    }
}

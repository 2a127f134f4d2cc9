using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>Builds a tokenizer from GGUF metadata; the tokenizer itself checks what its data says.</summary>
internal static class GgufTokenizerReader
{
    /// <exception cref="ModelFormatException">An array is missing, of another type, or not as long as the vocabulary.</exception>
    /// <exception cref="UnsupportedModelException">The tokenizer contradicts itself or is of a kind that is not supported.</exception>
    public static Tokenizer Create(GgufFile file, int vocabSize)
    {
        try
        {
            return Tokenizer.Create(Read(file, vocabSize));
        }
        catch (TokenizerException exception)
        {
            throw new UnsupportedModelException($"{file.Path}: {exception.Message}", exception);
        }
    }

    /// <summary>The source of the model's chat template, or null where it has none.</summary>
    /// <exception cref="ModelFormatException">The template is no string.</exception>
    public static string? ChatTemplate(GgufFile file) =>
        file.TryGetString("tokenizer.chat_template", out string source) && !string.IsNullOrWhiteSpace(source) ? source : null;

    private static TokenizerData Read(GgufFile file, int vocabSize)
    {
        const string Prefix = "tokenizer.ggml.";
        GgufByteStrings tokens = file.GetByteStringArray(Prefix + "tokens", vocabSize);
        float[]? scores = file.Metadata.ContainsKey(Prefix + "scores") ? file.GetFloatArray(Prefix + "scores", vocabSize) : null;
        int[]? types = file.Metadata.ContainsKey(Prefix + "token_type") ? file.GetIntArray(Prefix + "token_type", vocabSize) : null;
        string[]? merges = file.Metadata.ContainsKey(Prefix + "merges") ? file.GetStringArray(Prefix + "merges") : null;
        int? Id(string name) => file.TryGetLong(Prefix + name + "_token_id", out long id, -1, uint.MaxValue) && id >= 0 && id != uint.MaxValue ? (int)Math.Min(id, int.MaxValue) : null;
        bool? Flag(string name) => file.TryGetBool(Prefix + name, out bool flag) ? flag : null;

        return new TokenizerData
        {
            Model = file.GetString(Prefix + "model"),
            PreTokenizer = file.TryGetString(Prefix + "pre", out string pre) ? pre : null,
            Tokens = [.. Enumerable.Range(0, tokens.Count).Select(i => tokens[i].ToArray())],
            Scores = scores,
            TokenTypes = types,
            Merges = merges,
            BosTokenId = Id("bos"),
            EosTokenId = Id("eos"),
            EotTokenId = Id("eot"),
            UnknownTokenId = Id("unknown"),
            PaddingTokenId = Id("padding"),
            AddBos = Flag("add_bos_token"),
            AddEos = Flag("add_eos_token"),
            AddSpacePrefix = Flag("add_space_prefix"),
            RemoveExtraWhitespaces = Flag("remove_extra_whitespaces"),
            PrecompiledCharsMap = ReadCharsMap(file, Prefix + "precompiled_charsmap"),
        };
    }

    private static byte[]? ReadCharsMap(GgufFile file, string key)
    {
        if (!file.Metadata.ContainsKey(key))
        {
            return null;
        }

        int[] values = file.GetIntArray(key);
        int wrong = Array.FindIndex(values, value => value is < sbyte.MinValue or > byte.MaxValue);
        return wrong < 0
            ? [.. values.Select(value => unchecked((byte)value))]
            : throw new UnsupportedModelException($"{file.Path}: {key}[{wrong}] is {values[wrong]}; expected a byte.");
    }
}

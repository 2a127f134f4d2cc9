using Microsoft.Extensions.Logging;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>Builds a tokenizer from GGUF metadata; the tokenizer itself checks what its data says.</summary>
internal static class GgufTokenizerReader
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>Builds the tokenizer; null where the file says that there is none.</summary>
    /// <param name="file">The file.</param>
    /// <param name="vocabSize">Tokens that the weights know; null: as many as the file lists.</param>
    /// <param name="logger">Told what is odd.</param>
    /// <exception cref="ModelFormatException">An array is missing, of another type, or not as long as the vocabulary.</exception>
    /// <exception cref="UnsupportedModelException">The tokenizer contradicts itself or is of a kind that is not supported.</exception>
    public static Tokenizer? Create(GgufFile file, int? vocabSize, ILogger? logger = null)
    {
        string model = file.GetString(Prefix + "model");
        if (model is "no_vocab" or "none")
        {
            return null;
        }

        try
        {
            return Tokenizer.Create(Read(file, model, vocabSize, logger));
        }
        catch (TokenizerException exception)
        {
            throw new UnsupportedModelException($"{file.Path}: {KeyOf(exception.Field)}: {exception.Message}", exception);
        }
    }

    /// <summary>The file's name of a field of <see cref="TokenizerData"/>.</summary>
    private static string KeyOf(string field)
    {
        string name = field.Split('[')[0];
        return Prefix + (name switch
        {
            nameof(TokenizerData.Model) => "model",
            nameof(TokenizerData.PreTokenizer) => "pre",
            nameof(TokenizerData.Scores) => "scores",
            nameof(TokenizerData.TokenTypes) => "token_type",
            nameof(TokenizerData.Merges) => "merges",
            nameof(TokenizerData.PrecompiledCharsMap) => "precompiled_charsmap",
            _ => "tokens",
        });
    }

    private static TokenizerData Read(GgufFile file, string model, int? vocabSize, ILogger? logger)
    {
        GgufByteStrings tokens = file.GetByteStringArray(Prefix + "tokens", vocabSize);
        int[] types = GgufSpecialTokens.ReadTypes(file, tokens.Count);
        var special = new GgufSpecialTokens(file, model, tokens, types, logger);
        bool? Flag(string name) => file.TryGetBool(Prefix + name, out bool flag) ? flag : null;

        return new TokenizerData
        {
            Model = model,
            PreTokenizer = file.TryGetString(Prefix + "pre", out string pre) ? pre : null,
            Tokens = [.. Enumerable.Range(0, tokens.Count).Select(i => tokens[i].ToArray())],
            Scores = ReadScores(file, tokens.Count),
            TokenTypes = types,
            Merges = file.Metadata.ContainsKey(Prefix + "merges") ? file.GetStringArray(Prefix + "merges") : null,
            BosTokenId = special.Bos,
            EosTokenId = special.Eos,
            EotTokenId = special.Eot,
            UnknownTokenId = special.Unknown,
            PaddingTokenId = special.Padding,
            EndOfGenerationTokenIds = special.EndOfGeneration,
            SuppressedTokenIds = special.Suppressed,
            AddBos = Flag("add_bos_token"),
            AddEos = Flag("add_eos_token"),
            AddSpacePrefix = Flag("add_space_prefix"),
            RemoveExtraWhitespaces = Flag("remove_extra_whitespaces"),
            PrecompiledCharsMap = ReadCharsMap(file, Prefix + "precompiled_charsmap"),
        };
    }

    /// <summary>The scores, which may be whole numbers; without them all tokens count the same, as for llama.cpp.</summary>
    private static float[] ReadScores(GgufFile file, int count)
    {
        const string Key = Prefix + "scores";
        return !file.Metadata.TryGetValue(Key, out GgufValue? value) ? new float[count]
            : value.ElementType is GgufValueType.Int32 ? [.. file.GetIntArray(Key, count).Select(score => (float)score)]
            : file.GetFloatArray(Key, count);
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

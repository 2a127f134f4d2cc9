using System.Text;
using Microsoft.Extensions.Logging;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>
/// The special tokens of a GGUF file as llama.cpp takes them (llama-vocab.cpp, llama_vocab::impl::load): by the ids that the file has, with
/// the defaults of the kind of tokenizer, and by texts that are known to end an answer. An id outside the vocabulary means none.
/// </summary>
internal sealed class GgufSpecialTokens
{
    private const string Prefix = "tokenizer.ggml.";
    private const int Control = 3;
    private const int LastType = 6;

    /// <summary>
    /// Texts of fill-in-the-middle tokens. Each of them is a control token; the last three kinds, padding, repository and file, also end an
    /// answer.
    /// </summary>
    private static readonly string[][] MiddleTexts =
    [
        ["<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>"],
        ["<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>"],
        ["<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>"],
        ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
        ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
        ["<|file_sep|>"],
    ];

    private static readonly string[] EndingKeys = ["fim_pad", "fim_rep", "fim_sep"];

    private readonly GgufFile _file;
    private readonly int _vocabSize;
    private readonly ILogger? _logger;

    /// <param name="file">The file.</param>
    /// <param name="model">Its kind of tokenizer.</param>
    /// <param name="tokens">The vocabulary.</param>
    /// <param name="types">The tokens' types; control-looking tokens become control tokens.</param>
    /// <param name="logger">Told what is odd.</param>
    /// <exception cref="ModelFormatException">An id is no number.</exception>
    public GgufSpecialTokens(GgufFile file, string model, GgufByteStrings tokens, int[] types, ILogger? logger)
    {
        (_file, _vocabSize, _logger) = (file, tokens.Count, logger);

        // Byte-level BPE has 11 for both in llama.cpp, which is Falcon's; other vocabularies have an ordinary token there.
        (int? bos, int? eos, int? unknown, int? padding) = model switch
        {
            "llama" => (1, 2, 0, (int?)null),
            "t5" => (null, 1, 2, 0),
            "bert" => (101, 102, 100, 0),
            _ => ((int?)null, (int?)null, (int?)null, (int?)null),
        };
        bool isBert = model == "bert";
        List<int> ends = isBert ? [] : Ids("eos_token_id", eos);
        Bos = isBert ? First("cls", null) ?? First("bos", bos) : First("bos", bos);
        Eos = isBert ? First("seperator", null) ?? First("eos", eos) : ends.Select(id => (int?)id).FirstOrDefault();
        Eot = First("eot", null);
        Unknown = First("unknown", unknown);
        Padding = First("padding", padding);
        EndOfGeneration =
        [
            .. ends, .. Ids("eos_token_ids", null), .. Ids("eot_token_id", null), .. Ids("eom_token_id", null),
            .. EndsByText(tokens, types),
        ];
        Suppressed = Ids("suppress_tokens", null);
    }

    public int? Bos { get; }

    public int? Eos { get; }

    public int? Eot { get; }

    public int? Unknown { get; }

    public int? Padding { get; }

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> EndOfGeneration { get; }

    /// <summary>Tokens that are never chosen.</summary>
    public IReadOnlyList<int> Suppressed { get; }

    /// <summary>Types as llama.cpp reads them: numbers that it does not know mean undefined.</summary>
    public static int[] ReadTypes(GgufFile file, int count)
    {
        const string Key = Prefix + "token_type";
        return file.Metadata.ContainsKey(Key)
            ? [.. file.GetIntArray(Key, count).Select(type => type is < 0 or > LastType ? 0 : type)]
            : [.. Enumerable.Repeat(1, count)];
    }

    private List<int> EndsByText(GgufByteStrings tokens, int[] types)
    {
        HashSet<string> wanted = [.. EndOfGenerationTexts.LlamaCpp, .. MiddleTexts.SelectMany(texts => texts)];
        int longest = wanted.Max(Encoding.UTF8.GetByteCount);
        var found = new List<(string Text, int Id)>();
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id].Length <= longest && tokens.GetString(id) is var text && wanted.Contains(text))
            {
                found.Add((text, id));
            }
        }

        foreach ((string text, int id) in found.Where(token => types[token.Id] != Control))
        {
            _logger?.LogWarning("{Path}: token {Id}, {Text}, looks like a control token and counts as one", _file.Path, id, text);
            types[id] = Control;
        }

        var ends = new List<int>(found.Where(token => EndOfGenerationTexts.LlamaCpp.Contains(token.Text)).Select(token => token.Id));
        foreach ((string key, string[] texts) in EndingKeys.Zip(MiddleTexts[^EndingKeys.Length..]))
        {
            List<int> said = Ids(key + "_token_id", null);
            ends.AddRange(said.Count > 0 ? said : found.Where(token => texts.Contains(token.Text)).Select(token => token.Id));
        }

        return ends;
    }

    private int? First(string name, int? fallback) => Ids(name + "_token_id", fallback).Select(id => (int?)id).FirstOrDefault();

    /// <summary>The ids of a key, which is a number or a list; the fallback where there is no key.</summary>
    private List<int> Ids(string name, int? fallback)
    {
        string key = Prefix + name;
        if (!_file.Metadata.TryGetValue(key, out GgufValue? value))
        {
            return fallback is { } id && id < _vocabSize ? [id] : [];
        }

        const int MostIds = 1024;
        if (value.IsArray && value.Count > MostIds)
        {
            throw Wrong(key, value);
        }

        GgufValue[] elements = value.IsArray ? [.. Enumerable.Range(0, value.Count).Select(value.GetElement)] : [value];
        var ids = new List<int>();
        foreach (GgufValue element in elements)
        {
            if (!element.TryGetInt64(out long number) && element.Type != GgufValueType.UInt64)
            {
                throw Wrong(key, value);
            }

            if (element.TryGetInt64(out number) && number >= 0 && number < _vocabSize)
            {
                ids.Add((int)number);
            }
            else
            {
                _logger?.LogWarning("{Path}: {Key} is {Id}, outside the vocabulary of {Count} tokens: there is none", _file.Path, key,
                    element, _vocabSize);
            }
        }

        return ids;
    }

    private ModelFormatException Wrong(string key, GgufValue value) =>
        new(_file.Path, value.Position, $"metadata key '{key}' is wrong", "a token id or a list of them", $"{value.TypeName} {value}");
}

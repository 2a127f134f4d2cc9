using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using VkInfer.Configuration;
using VkInfer.Families;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>
/// The tokenizer of a Hugging Face folder: <c>tokenizer.json</c>, else <c>tokenizer.model</c>, with what <c>tokenizer_config.json</c>,
/// <c>generation_config.json</c> and <c>config.json</c> say about it.
/// </summary>
internal sealed class HfTokenizerReader
{
    /// <summary>Longest tokenizer that is read; the largest in use has about 35 MB.</summary>
    private const long MaxBytes = 256 << 20;

    /// <summary>Longest chat template that is read.</summary>
    private const long MaxTemplateBytes = 1 << 20;

    /// <summary>Keys of generation_config.json that change which tokens may come, and are not applied.</summary>
    private static readonly string[] LeftOut =
    [
        "begin_suppress_tokens", "bad_words_ids", "sequence_bias", "forced_bos_token_id", "forced_eos_token_id", "force_words_ids",
        "constraints", "exponential_decay_length_penalty",
    ];

    private readonly string _folder;
    private readonly ILogger? _logger;
    private readonly HfJson? _config;

    public HfTokenizerReader(string folder, ILogger? logger = null)
    {
        _folder = folder;
        _logger = logger;
        _config = HfJson.TryRead(Path.Combine(folder, "tokenizer_config.json"));
        ChatTemplate = ReadChatTemplate();
    }

    /// <summary>The default chat template as Jinja source, or null.</summary>
    public string? ChatTemplate { get; }

    private string JsonPath => Path.Combine(_folder, "tokenizer.json");

    private string ModelPath => Path.Combine(_folder, "tokenizer.model");

    /// <summary>Builds the tokenizer; null where the folder has none.</summary>
    /// <param name="config">The folder's <c>config.json</c>.</param>
    /// <param name="vocabSize">Tokens that the weights know; null: as many as the tokenizer has.</param>
    /// <exception cref="UnsupportedModelException">It cannot be used.</exception>
    public Tokenizer? Create(HfJson config, int? vocabSize) => !File.Exists(JsonPath) && !File.Exists(ModelPath) ? null : Read(
        config, vocabSize, TokenizerJson.Create, (model, settings) => Tokenizer.Create(settings.Apply(SentencePieceModel.Read(model))));

    /// <summary>Reads the vocabulary as GGUF has it. <c>tokenizer.model</c> comes first here: it has the scores that GGUF wants.</summary>
    /// <param name="config">The folder's <c>config.json</c>.</param>
    /// <param name="vocabSize">Tokens that the weights know; null: as many as the tokenizer has.</param>
    /// <exception cref="UnsupportedModelException">There is none, or GGUF has no name for what it does.</exception>
    public TokenizerData ReadData(HfJson config, int? vocabSize) => Read(
        config, vocabSize, TokenizerJson.ReadData, (model, settings) => settings.Apply(SentencePieceModel.Read(model)), prefersModel: true);

    /// <summary>The folder's <c>generation_config.json</c>; null: it has none.</summary>
    public HfJson? ReadGeneration() => HfJson.TryRead(Path.Combine(_folder, "generation_config.json"));

    private T Read<T>(
        HfJson config, int? vocabSize, Func<ReadOnlyMemory<byte>, TokenizerSettings, T> fromJson,
        Func<byte[], TokenizerSettings, T> fromModel,
        bool prefersModel = false)
    {
        bool usesJson = File.Exists(JsonPath) && !(prefersModel && File.Exists(ModelPath));
        string path = usesJson ? JsonPath : ModelPath;
        if (!File.Exists(path))
        {
            throw new UnsupportedModelException($"{_folder}: neither tokenizer.json nor tokenizer.model is there.");
        }

        if (RegularFile.FindLength(path) is var length && length > MaxBytes)
        {
            throw new UnsupportedModelException($"{path}: {length} bytes; expected at most {MaxBytes}.");
        }

        try
        {
            byte[] bytes = RegularFile.ReadAllBytes(path, MaxBytes);
            TokenizerSettings settings = ReadSettings(config, vocabSize);
            return usesJson ? fromJson(bytes, settings) : fromModel(bytes, settings);
        }
        catch (TokenizerException exception)
        {
            throw new UnsupportedModelException($"{path}: {exception.Message}", exception);
        }
    }

    private TokenizerSettings ReadSettings(HfJson config, int? vocabSize)
    {
        HfJson? generation = ReadGeneration();
        WarnOfLeftOut(generation);
        IReadOnlyList<int> ends = [.. Ids(config, "eos_token_id"), .. generation?.Ids("eos_token_id") ?? []];
        return new TokenizerSettings
        {
            BosToken = _config?.TryToken("bos_token"),
            EosToken = _config?.TryToken("eos_token"),
            PaddingToken = _config?.TryToken("pad_token"),
            BosTokenId = Ids(config, "bos_token_id") is [var bos, ..] ? bos : null,
            EosTokenId = ends.Count > 0 ? ends[0] : null,
            AddBos = _config?.TryBool("add_bos_token"),
            AddEos = _config?.TryBool("add_eos_token"),
            EndOfGenerationTokenIds = [.. ends.Distinct()],
            SuppressedTokenIds = generation?.Ids("suppress_tokens") ?? [],
            VocabSize = vocabSize,
            AddedTokens = ReadAddedTokens(),
            Warn = warning => _logger?.LogWarning("{Folder}: {Warning}", _folder, warning),
        };

        // A model that also sees may have them in the part for text.
        static IReadOnlyList<int> Ids(HfJson config, string key) => config.Has(key) ? config.Ids(key)
            : ModelFamily.TextConfig(config).Ids(key);
    }

    /// <summary>Tells of what an author wants of every answer and no option here does.</summary>
    private void WarnOfLeftOut(HfJson? generation)
    {
        foreach (string key in LeftOut.Where(key => generation?.IsSet(key) == true))
        {
            _logger?.LogWarning("{Path}: {Key} is not applied", generation!.Path, key);
        }
    }

    private List<(int Id, string Text, bool IsControl)> ReadAddedTokens()
    {
        var tokens = new List<(int, string, bool)>();
        foreach ((string key, HfJson token) in _config?.TryObject("added_tokens_decoder")?.NamedObjects() ?? [])
        {
            int id = int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? number
                : throw _config!.Wrong("added_tokens_decoder", "an object whose keys are token ids", $"\"{key}\"");
            tokens.Add((id, token.String("content"), token.TryBool("special") ?? false));
        }

        return tokens;
    }

    /// <summary>A file of its own where there is one; else a string, or the one of several that is called default.</summary>
    private string? ReadChatTemplate()
    {
        string path = Path.Combine(_folder, "chat_template.jinja");
        if (RegularFile.TryFindLength(path) is { } length)
        {
            return length <= MaxTemplateBytes
                ? Encoding.UTF8.GetString(RegularFile.ReadAllBytes(path, MaxTemplateBytes)).TrimStart('\uFEFF')
                : throw new UnsupportedModelException($"{path}: {length} bytes; expected at most {MaxTemplateBytes}.");
        }

        const string Key = "chat_template";
        return _config is null || _config.IsString(Key)
            ? _config?.TryString(Key)
            : _config.Objects(Key).FirstOrDefault(template => template.TryString("name") == "default")?.TryString("template");
    }
}

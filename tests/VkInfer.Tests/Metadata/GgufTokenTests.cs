using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tests.Hostile;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Metadata;

/// <summary>Special tokens of GGUF files as llama.cpp takes them.</summary>
public sealed class GgufTokenTests
{
    private const string Prefix = "tokenizer.ggml.";

    [Test]
    public void Ids_outside_the_vocabulary_are_none_and_a_warning_tells(
        [Values("bos", "eos", "eot", "eom", "unknown", "padding")] string name,
        [Values(264u, 32000u, uint.MaxValue, -1, -2, ulong.MaxValue)] object id)
    {
        var logger = new ListLogger();
        string key = $"{Prefix}{name}_token_id";
        Tokenizer tokenizer = Read(model => model.Metadata[key] = id, logger);
        int? read = name switch
        {
            "bos" => tokenizer.BosTokenId,
            "eos" => tokenizer.EosTokenId,
            "unknown" => tokenizer.UnknownTokenId,
            "padding" => tokenizer.PaddingTokenId,
            _ => tokenizer.EotTokenId,
        };
        Assert.That(read, Is.Null);
        Assert.That(logger.Warnings, Has.Count.EqualTo(name == "eot" ? 2 : 1).And.All.Contains(key).And.All.Contains($"{id}"));
    }

    [Test]
    public void Absent_ids_are_those_of_the_kind_of_tokenizer()
    {
        Tokenizer tokenizer = Read(model =>
        {
            model.Metadata.Remove(Prefix + "bos_token_id");
            model.Metadata.Remove(Prefix + "eos_token_id");
        });
        Assert.That((tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.UnknownTokenId), Is.EqualTo(((int?)1, (int?)2, (int?)0)));
    }

    [Test]
    public void Lists_of_ids_are_taken()
    {
        Tokenizer tokenizer = Read(model =>
        {
            model.Metadata[Prefix + "eos_token_id"] = new[] { 2u, 260u };
            model.Metadata[Prefix + "eos_token_ids"] = new[] { 2, 261, 9999 };
            model.Metadata[Prefix + "bos_token_id"] = new[] { 1u };
        });
        Assert.That(tokenizer.EosTokenId, Is.EqualTo(2));
        Assert.That(tokenizer.BosTokenId, Is.EqualTo(1));
        Assert.That(tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo([2, 260, 261]));
    }

    [TestCase("eot")]
    [TestCase("eom")]
    [TestCase("fim_pad")]
    [TestCase("fim_rep")]
    [TestCase("fim_sep")]
    public void Every_id_that_ends_an_answer_does(string name) =>
        Assert.That(Read(model => model.Metadata[$"{Prefix}{name}_token_id"] = 262u).EndOfGenerationTokenIds, Is.EquivalentTo([2, 262]));

    [Test]
    public void Every_text_that_ends_an_answer_does_whatever_its_type(
        [Values(
            "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>",
            "<|eom_id|>",
            "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<｜end▁of▁sentence｜>", "[e~[",
            "<|fim_pad|>", "<PAD>", "<|repo_name|>", "<reponame>", "<|file_sep|>")]
        string text,
        [Values(1, 4, 3)] int type)
    {
        var logger = new ListLogger();
        Tokenizer tokenizer = Read(model => SetToken(model, 262, text, type), logger);
        Assert.That(tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo([2, 262]));
        Assert.That(tokenizer.IsControl(262));
        Assert.That(tokenizer.Encode(text, addSpecial: false), Does.Not.Contain(262), "a user's text cannot end the answer");
        Assert.That(logger.Warnings, type == 3 ? Is.Empty : Has.Count.EqualTo(1).And.All.Contains("262"));
    }

    [TestCase("<|return|>", "<|call|>")]
    [TestCase("<|flush|>", "<|calls|>")]
    public void The_end_of_a_channel_ends_no_answer(string first, string second)
    {
        Tokenizer tokenizer = Read(model =>
        {
            SetToken(model, 260, "<|end|>", 3);
            SetToken(model, 261, first, 3);
            SetToken(model, 262, second, 3);
        });
        Assert.That(tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo([2, 261, 262]));
    }

    [Test]
    public void Beside_a_tool_response_the_old_end_ends_no_answer()
    {
        Tokenizer tokenizer = Read(model => SetToken(model, 262, "<|tool_response>", 4));
        Assert.That(tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo([262]));
    }

    [Test]
    public void Missing_scores_and_types_that_nobody_knows_are_no_matter()
    {
        Tokenizer tokenizer = Read(model =>
        {
            model.Metadata.Remove(Prefix + "scores");
            ((int[])model.Metadata[Prefix + "token_type"])[260] = 99;
        });
        Assert.That(tokenizer.Decode(tokenizer.Encode("ab a")), Is.EqualTo("ab a"));
    }

    [Test]
    public void Whole_numbers_are_scores() =>
        Assert.That(Read(model => model.Metadata[Prefix + "scores"] = new int[TinyLlama.VocabSize]).VocabSize,
            Is.EqualTo(TinyLlama.VocabSize));

    [Test]
    public void A_text_that_two_tokens_have_becomes_one_and_both_decode([Values("llama", "t5")] string kind)
    {
        Tokenizer tokenizer = Read(model =>
        {
            model.Metadata[Prefix + "model"] = kind;
            SetToken(model, 262, "a", 1);
        });
        Assert.That(tokenizer.Encode("ba", addSpecial: false), Does.Not.Contain(262));
        Assert.That(tokenizer.Decode([262]), Is.EqualTo("a"));
        Assert.That(tokenizer.Decode([260]), Is.EqualTo("a"));
    }

    [Test]
    public void A_text_that_an_ordinary_and_a_control_token_have_is_either_by_trust()
    {
        Tokenizer tokenizer = Read(model =>
        {
            SetToken(model, 260, "<x>", 3);
            SetToken(model, 262, "<x>", 3);
        });
        Assert.That(tokenizer.Encode("<x>", addSpecial: false, parseSpecial: true), Is.EqualTo([260]));
        Assert.That(tokenizer.Encode("<x>", addSpecial: false), Has.No.Member(260).And.No.Member(262));
    }

    [TestCase("no_vocab")]
    [TestCase("none")]
    public void A_file_without_a_vocabulary_runs_on_ids(string kind)
    {
        var model = new TinyLlama();
        model.Metadata[Prefix + "model"] = kind;
        model.Metadata.Remove(Prefix + "tokens");
        using var file = new TemporaryFile(model.ToArray());
        Assert.That(ModelInspection.Inspect(file.Path).Unsupported, Is.Null);
    }

    [Test]
    public void Suppressed_tokens_are_never_chosen()
    {
        var model = new TinyLlama();
        model.Metadata[Prefix + "suppress_tokens"] = new[] { 40, 100_000 };
        using var file = new TemporaryFile(model.ToArray());
        var logger = new ListLogger();
        using Model loaded = Model.Load(file.Path, TestModels.Options() with { Logger = logger });
        Assert.That(loaded.Tokenizer.SuppressedTokenIds, Is.EqualTo([40]));
        Assert.That(logger.Warnings, Has.Some.Contains("suppress_tokens"));
        using Session session = loaded.CreateSession();

        // Whatever the options say: nothing could come but the suppressed token.
        SamplingOptions wanted = SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [40] = 1e6f, [41] = 1e5f } };
        session.Append([1, 50]);
        Assert.That(session.NextToken(wanted), Is.EqualTo(41));
        Assert.That(session.NextToken(wanted with { Temperature = 1 }), Is.EqualTo(41));
    }

    [Test]
    public void Suppressed_tokens_of_a_folder_are_kept_by_conversion()
    {
        var logger = new ListLogger();
        using var folder = new TinyFolder();
        folder.File("generation_config.json", """{"suppress_tokens": [7, 300, 9], "begin_suppress_tokens": [4], "bad_words_ids": null}""");
        using var target = new TemporaryFolder();
        ModelConverter.Convert(folder.Write(), target.PathOf("out.gguf"));
        using ModelSource source = ModelSource.Open(folder.Path, logger);
        using ModelSource written = ModelSource.Open(target.PathOf("out.gguf"));
        Assert.That(source.CreateTokenizer(TinyFolder.VocabSize)!.SuppressedTokenIds, Is.EqualTo([7, 9]));
        Assert.That(written.CreateTokenizer()!.SuppressedTokenIds, Is.EqualTo([7, 9]));
        Assert.That(logger.Warnings, Has.Some.Contains("begin_suppress_tokens").And.None.Contains("bad_words_ids"));
    }

    [Test]
    public void Of_two_tokens_for_one_byte_the_first_encodes_and_both_decode()
    {
        Tokenizer tokenizer = Read(model => SetToken(model, 262, "<0x7A>", 6));
        Assert.That(tokenizer.Encode("z", addSpecial: false), Does.Contain(3 + 'z').And.Not.Contain(262));
        Assert.That(tokenizer.Decode([3 + 'z', 262]), Is.EqualTo("zz"));
    }

    private static void SetToken(TinyLlama model, int id, string text, int type)
    {
        ((string[])model.Metadata[Prefix + "tokens"])[id] = text;
        ((int[])model.Metadata[Prefix + "token_type"])[id] = type;
    }

    private static Tokenizer Read(Action<TinyLlama> change, ListLogger? logger = null)
    {
        var model = new TinyLlama();
        change(model);
        using var file = new TemporaryFile(model.ToArray());
        using ModelSource source = ModelSource.Open(file.Path, logger);
        return source.CreateTokenizer()!;
    }
}

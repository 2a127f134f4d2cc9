using System.Text.Json.Nodes;
using VkInfer.Testing;
using VkInfer.Tests.Hostile;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Metadata;

/// <summary>
/// Models of the reference cases beside the test data, each by what its README expects. Without them the tests are ignored; the fixtures
/// beside this one have the same on models that they make themselves.
/// </summary>
public sealed class CasesTests
{
    private const string Letters = "abcabcabcabcabcabcabc";

    [TestCase("duplicate-tokens", "model.gguf")]
    [TestCase("phi4-sliding-window-0", "model.gguf")]
    [TestCase("phi4-sliding-window-0", "control.gguf")]
    [TestCase("hf-bos-id-minus-1", "folder")]
    [TestCase("hf-bos-token-empty", "folder")]
    [TestCase("hf-yarn-without-original", "folder")]
    [TestCase("stale-index-beside-single-file", "folder")]
    [TestCase("added-token-text-twice-crash", "folder")]
    public void Runs(string name, string model) => Assert.That(Generate(ReferenceData.Case(name, model), "ab", 4), Has.Length.EqualTo(4));

    [Test]
    public void A_padding_token_outside_the_vocabulary_is_none_and_a_warning_tells()
    {
        var logger = new ListLogger();
        using Model model =
            Model.Load(ReferenceData.Case("pad-id-outside-vocab", "model.gguf"), TestModels.Options() with { Logger = logger });
        Assert.That(model.Tokenizer.PaddingTokenId, Is.Null);
        Assert.That(logger.Warnings, Has.Some.Contains("tokenizer.ggml.padding_token_id is 32000"));
    }

    [Test]
    public void The_end_of_a_message_ends_an_answer()
    {
        using Model model = Model.Load(ReferenceData.Case("eom-token-id-ignored", "model.gguf"), TestModels.Options());
        Assert.That(model.Tokenizer.EndOfGenerationTokenIds, Does.Contain(262));
    }

    [TestCase("llama-sliding-window-applied")]
    [TestCase("qwen2-window-without-use-flag")]
    public void A_window_that_is_not_the_types_changes_nothing(string name) => Assert.That(
        Generate(ReferenceData.Case(name, "folder"), "if a b if a b", 8),
        Is.EqualTo(Generate(ReferenceData.Case(name, "control"), "if a b if a b", 8)));

    [Test]
    public void A_factor_without_a_type_is_linear()
    {
        int[] ids = Generate(ReferenceData.Case("rope-factor-without-type", "factor8-no-type.gguf"), Letters, 8);
        Assert.That(ids[..4], Is.EqualTo([258, 257, 225, 225]));
        Assert.That(ids, Is.EqualTo(Generate(ReferenceData.Case("rope-factor-without-type", "linear8.gguf"), Letters, 8)));
    }

    [Test]
    public void The_factor_of_attention_of_Yarn_counts()
    {
        float[] Logits(string file)
        {
            using Model model = Model.Load(ReferenceData.Case("yarn-attn-factor-ignored", file), TestModels.Options());
            using Session session = model.CreateSession();
            session.Append(model.Tokenizer.Encode(Letters));
            float[] logits = new float[model.Config.VocabSize];
            session.ReadLogits(logits);
            return logits;
        }

        Assert.That(Logits("yarn-attn2.gguf"), Is.Not.EqualTo(Logits("yarn.gguf")).Within(1e-4));
    }

    [Test]
    public void An_added_token_has_the_id_that_the_model_has_for_its_text()
    {
        using VkInfer.Loading.ModelSource source =
            VkInfer.Loading.ModelSource.Open(ReferenceData.Case("added-token-text-twice-crash", "folder"));
        Tokenizer tokenizer = source.CreateTokenizer()!;
        int[] ids = tokenizer.Encode("a ret b", addSpecial: false);
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("a ret b"));
        Assert.That(ids, Has.All.LessThan(281));
    }

    /// <summary>The same as the case, on a tokenizer of our own.</summary>
    [Test]
    public void Two_added_tokens_of_one_text_are_one()
    {
        using var folder = new TinyFolder();
        folder.Write();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        tokenizer["added_tokens"] = new JsonArray(
            new JsonObject { ["id"] = 299, ["content"] = "<3>", ["special"] = false },
            new JsonObject { ["id"] = 299, ["content"] = "<3>", ["special"] = false },
            new JsonObject { ["id"] = 300, ["content"] = "<new>", ["special"] = true },
            new JsonObject { ["id"] = 301, ["content"] = "<new>", ["special"] = true });
        File.WriteAllText(path, tokenizer.ToJsonString());
        using VkInfer.Loading.ModelSource source = VkInfer.Loading.ModelSource.Open(folder.Path);
        Tokenizer read = source.CreateTokenizer()!;
        Assert.That(read.Encode("<3>", addSpecial: false), Is.EqualTo([259]), "the id of the model");
        Assert.That(read.Encode("<new>", addSpecial: false, parseSpecial: true), Is.EqualTo([300]), "the first id");
    }

    [Test]
    public void Added_tokens_that_the_weights_do_not_know_are_left_out()
    {
        var logger = new ListLogger();
        using var folder = new TinyFolder();
        folder.Write();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        tokenizer["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 300, ["content"] = "[PAD]", ["special"] = true });
        File.WriteAllText(path, tokenizer.ToJsonString());
        folder.TokenizerConfig["pad_token"] = "[PAD]";
        folder.File("tokenizer_config.json", folder.TokenizerConfig.ToJsonString());
        using VkInfer.Loading.ModelSource source = VkInfer.Loading.ModelSource.Open(folder.Path, logger);
        Tokenizer read = source.CreateTokenizer(TinyFolder.VocabSize)!;
        Assert.That((read.VocabSize, read.PaddingTokenId), Is.EqualTo((TinyFolder.VocabSize, (int?)null)));
        Assert.That(read.Encode("[PAD]", parseSpecial: true), Has.All.LessThan(300));
        Assert.That(logger.Warnings, Has.Count.EqualTo(2));
    }

    [TestCase("bos_token", "\"\"")]
    [TestCase("bos_token", "\"<not there>\"")]
    [TestCase("eos_token", "\"\"")]
    public void A_special_token_that_is_empty_or_not_there_is_none(string key, string text)
    {
        using var folder = new TinyFolder();
        folder.TokenizerConfig[key] = JsonNode.Parse(text);
        using VkInfer.Loading.ModelSource source = VkInfer.Loading.ModelSource.Open(folder.Write());
        Tokenizer tokenizer = source.CreateTokenizer()!;
        Assert.That(key == "bos_token" ? tokenizer.BosTokenId : tokenizer.EosTokenId, Is.Null);
    }

    [TestCase("bos_token_id", "-1", false)]
    [TestCase("bos_token_id", "300", true)]
    [TestCase("bos_token_id", "[-1]", false)]
    [TestCase("eos_token_id", "[5, 300]", true)]
    public void An_id_outside_the_vocabulary_is_none(string key, string value, bool warns)
    {
        var logger = new ListLogger();
        using TinyFolder folder = new TinyFolder().With(key, JsonNode.Parse(value));
        using VkInfer.Loading.ModelSource source = VkInfer.Loading.ModelSource.Open(folder.Write(), logger);
        Tokenizer tokenizer = source.CreateTokenizer(TinyFolder.VocabSize)!;
        Assert.That(tokenizer.BosTokenId, key == "bos_token_id" ? Is.Null : Is.EqualTo(1));
        Assert.That(tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo(key == "eos_token_id" ? [5] : new[] { 2 }));
        Assert.That(logger.Warnings, warns ? Has.Some.Contains("300") : Is.Empty);
    }

    [Test]
    public void A_converted_folder_keeps_windows_scaling_and_ends()
    {
        using TinyFolder folder = new TinyFolder("qwen2")
            .With("use_sliding_window", true).With("sliding_window", 5).With("max_window_layers", 1)
            .With("eos_token_id", new JsonArray(2, 3, 4, 5))
            .With("rope_scaling", JsonNode.Parse("""{"rope_type": "yarn", "factor": 4, "attention_factor": 1.5}"""));
        using var output = new TemporaryFile([]);
        ModelConverter.Convert(folder.Write(), output.Path);
        using VkInfer.Loading.ModelSource converted = VkInfer.Loading.ModelSource.Open(output.Path);
        using VkInfer.Loading.ModelSource original = VkInfer.Loading.ModelSource.Open(folder.Path);
        (ModelConfig config, ModelConfig expected) = (converted.ReadConfig(), original.ReadConfig());
        Assert.That(config.Windows, Is.EqualTo([0, 5]).And.EqualTo(expected.Windows));
        Assert.That(Transformer.RopeTable.Compute(config, 64), Is.EqualTo(Transformer.RopeTable.Compute(expected, 64)).Within(1e-6));
        Assert.That(converted.CreateTokenizer()!.EndOfGenerationTokenIds,
            Is.EquivalentTo(original.CreateTokenizer(TinyFolder.VocabSize)!.EndOfGenerationTokenIds));
    }

    private static int[] Generate(string path, string prompt, int count)
    {
        using Model model = Model.Load(path, TestModels.Options());
        using Session session = model.CreateSession();
        session.Append(model.Tokenizer.Encode(prompt));
        return [.. Enumerable.Range(0, count).Select(_ => session.NextToken(SamplingOptions.Greedy))];
    }
}

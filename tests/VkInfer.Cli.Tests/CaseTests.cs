using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>
/// Inputs that once failed, by the command of their README; those of metadata, tokenizers and conversion have tests in VkInfer.Tests
/// (CasesTests, ConvertTests) and VkInfer.Tokenization.Tests (CaseTests).
/// </summary>
public sealed class CaseTests
{
    [Test]
    public void A_template_selects_of_nothing_nothing()
    {
        CliRun run = CliRun.OnDevice(
            "generate", "--prompt", "ab", "--max-tokens", "2", "--temperature", "0", "--model",
            ReferenceData.Case("jinja-select-of-none", "model.gguf"));
        run.AssertSuccess(mayWarn: true);
        string template = File.ReadAllText(ReferenceData.Case("jinja-select-none", "template.jinja"));
        string expected = File.ReadAllText(ReferenceData.Case("jinja-select-none", "expected.txt"));
        Assert.That(Jinja.JinjaTemplate.Parse(template).Render(new Dictionary<string, object?>()), Is.EqualTo(expected.TrimEnd()));
    }

    [TestCase("0", "1")]
    [TestCase("1", "1")]
    public void Logits_that_are_no_numbers_are_an_error(string temperature, string topP) => CliRun.OnDevice(
        "generate", "--prompt", "ab", "--raw", "--max-tokens", "4", "--temperature", temperature, "--top-k", "0", "--top-p", topP,
        "--min-p", "0", "--model", ReferenceData.Case("nan-logits-silent", "model.gguf")).AssertFailure(1, "not finite");

    [TestCase("schema-61-properties")]
    [TestCase("schema-enum-emoji")]
    [TestCase("schema-format-uri")]
    [TestCase("schema-maxlength-10000")]
    public void A_schema_is_compiled_and_obeyed(string name)
    {
        CliRun run = CliRun.OnDevice(
            "generate", "--prompt", "JSON", "--json-schema", ReferenceData.Case(name, "schema.json"), "--max-tokens", "60", "--temperature",
            "0", "--model", Model.DefaultModelPath);
        run.AssertSuccess(mayWarn: true);
        Assert.That(run.Out.TrimStart()[0], Is.EqualTo(name == "schema-enum-emoji" ? '"' : '{'));
    }

    [TestCase("chain.gbnf")]
    [TestCase("chainempty.gbnf")]
    public void A_grammar_whose_closure_explodes_is_refused(string file) => CliRun.OnDevice(
        "generate", "--prompt", "a", "--grammar", ReferenceData.Case("grammar-closure-memory", file), "--model", Model.DefaultModelPath)
        .AssertFailure(1, "too ambiguous");

    [TestCase(9, 60_000_000, 12)]
    [TestCase(8, 1 << 27, 8)]
    public void Arrays_that_nobody_reads_are_refused(int elementType, long count, int bytesEach)
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("arrays.gguf");
        using (var file = new BinaryWriter(File.Create(path)))
        {
            file.Write("GGUF"u8);
            file.Write(3u);
            file.Write(0ul);
            file.Write(1ul);
            file.Write(1ul);
            file.Write((byte)'a');
            file.Write(9u);
            file.Write(elementType);
            file.Write(count);
            file.BaseStream.SetLength(file.BaseStream.Position + (count * bytesEach) + 1000);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        CliRun.Of("inspect", path).AssertFailure(1, "metadata key 'a'");
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(50L << 20));
    }

    /// <summary>A vocabulary as large as Gemma 3's.</summary>
    [TestCase(262_145)]
    [TestCase(262_208)]
    public void A_large_vocabulary_runs(int vocabSize)
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", System.Text.Encoding.UTF8.GetBytes($$"""
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4,
             "vocab_size": {{vocabSize}}, "max_position_embeddings": 64, "tie_word_embeddings": true}
            """));
        WriteWeights(folder.PathOf("model.safetensors"), vocabSize);
        using Model model = Model.Load(folder.FullName, new ModelOptions { Device = CliRun.Device });
        using Session session = model.CreateSession();
        session.Append([1, vocabSize - 1]);
        var last = new SamplingOptions { Temperature = 0, LogitBias = new Dictionary<int, float> { [vocabSize - 1] = 1e6f } };
        Assert.That(session.NextToken(last), Is.EqualTo(vocabSize - 1));
        Assert.That(session.NextToken(new SamplingOptions { Seed = 1 }), Is.InRange(0, vocabSize - 1));
    }

    private static void WriteWeights(string path, int vocabSize)
    {
        var tensors = new List<(string Name, int[] Shape)>
        {
            ("model.embed_tokens.weight", [vocabSize, 32]), ("model.norm.weight", [32]),
            ("model.layers.0.input_layernorm.weight", [32]), ("model.layers.0.post_attention_layernorm.weight", [32]),
        };
        foreach (string part in new[] { "self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down" })
        {
            tensors.Add(($"model.layers.0.{part}_proj.weight", [32, 32]));
        }

        long at = 0;
        var records = new List<string>();
        foreach ((string name, int[] shape) in tensors)
        {
            long size = 2 * shape.Aggregate(1L, (product, length) => product * length);
            records.Add($"\"{name}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{at},{at += size}]}}");
        }

        byte[] header = System.Text.Encoding.UTF8.GetBytes("{" + string.Join(',', records) + "}");
        using var file = new BinaryWriter(File.Create(path));
        file.Write((ulong)header.Length);
        file.Write(header);
        byte[] half = BitConverter.GetBytes((Half)0.1f);
        byte[] values = [.. Enumerable.Repeat(half, (int)(at / 2)).SelectMany(bytes => bytes)];
        file.Write(values);
    }
}

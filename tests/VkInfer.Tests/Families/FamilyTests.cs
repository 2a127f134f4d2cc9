using VkInfer.Testing;

namespace VkInfer.Tests.Families;

/// <summary>Each family's logits against an independent implementation, in prefill and in decode.</summary>
public sealed class FamilyTests
{
    [TestCase("rand-llama3-f32")]
    [TestCase("rand-qwen2-f32")]
    [TestCase("rand-chatglm-f32")]
    public void Gguf_models_give_the_logits_of_the_reference(string name) => Check(LogitsReference.OfGguf(name), Bounds.LogitsF32);

    [TestCase("rand-gpt2-f32")]
    public void Gguf_models_give_the_logits_of_a_reference_with_an_approximate_gelu(string name) =>
        Check(LogitsReference.OfGguf(name), Bounds.LogitsOfGeluTable);

    [TestCase("granite", "granite")]
    [TestCase("granitemoe", "granitemoe")]
    [TestCase("smollm3", "smollm3")]
    [TestCase("olmo2", "olmo2")]
    [TestCase("olmo3", "olmo2")]
    [TestCase("ministral3", "mistral3")]
    [TestCase("cohere", "command-r")]
    [TestCase("cohere2", "cohere2")]
    [TestCase("exaone4-full", "exaone4")]
    [TestCase("seed-oss", "seed_oss")]
    [TestCase("ernie4.5", "ernie4_5")]
    [TestCase("ernie4.5-moe", "ernie4_5-moe")]
    [TestCase("starcoder2", "starcoder2")]
    [TestCase("phi", "phi2")]
    [TestCase("stablelm", "stablelm")]
    [TestCase("gpt-oss", "gpt-oss")]
    [TestCase("gemma4", "gemma4")]
    [TestCase("gemma4-moe", "gemma4")]
    [TestCase("gemma4-e", "gemma4")]
    [TestCase("glm-4.7-flash", "deepseek2")]
    [TestCase("deepseek-v2", "deepseek2")]
    [TestCase("glm4-moe", "glm4moe")]
    [TestCase("qwen3.5", "qwen35")]
    [TestCase("qwen3.5-moe", "qwen35moe")]
    [TestCase("qwen3-next", "qwen3next")]
    [TestCase("lfm2", "lfm2")]
    [TestCase("lfm2-moe", "lfm2moe")]
    [TestCase("nemotron-h", "nemotron_h")]
    [TestCase("nemotron-h-moe", "nemotron_h_moe")]
    [TestCase("granite-hybrid", "granitehybrid")]
    [TestCase("falcon-h1", "falcon-h1")]
    [TestCase("falcon-h1-plain", "falcon-h1")]
    [TestCase("minimax-m2", "minimax-m2")]
    [TestCase("ling", "bailingmoe2")]
    [TestCase("hunyuan-dense", "hunyuan-dense")]
    [TestCase("minicpm", "minicpm")]
    [TestCase("phimoe", "phimoe")]
    public void Folders_as_GGUF_give_the_logits_of_the_reference(string name, string architecture)
    {
        LogitsReference reference = LogitsReference.OfFixture(name);
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, name + ".gguf");
        FolderAsGguf.Write(reference.Path, architecture, path);
        Check(reference with { Path = path }, Bounds.LogitsF32);
    }

    [TestCaseSource(typeof(LogitsReference), nameof(LogitsReference.FixtureNames))]
    public void Hugging_Face_models_give_the_logits_of_the_reference(string name)
    {
        LogitsReference reference = LogitsReference.OfFixture(name);
        using var folder = new TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" })
        {
            File.Copy(Path.Combine(reference.Path, file), Path.Combine(folder.FullName, file));
        }

        TinyTokenizer.Write(folder.FullName, reference.Rows[0].Length);
        Check(reference with { Path = folder.FullName }, Bounds.LogitsF32);
    }

    [Test]
    public void A_fork_and_a_reset_session_give_the_same_tokens(
        [Values("rand-llama3-f32", "rand-qwen2-f32", "rand-chatglm-f32", "rand-gpt2-f32")] string name)
    {
        LogitsReference reference = LogitsReference.OfGguf(name);
        int[] prompt = reference.Tokens[..11];
        using Model model = Model.Load(reference.Path, TestModels.Options());
        using Session session = model.CreateSession();
        session.Append(prompt);
        using Session fork = session.Fork();
        int[] expected = Greedy(session);
        int[] ofFork = Greedy(fork);
        session.Reset();
        session.Append(prompt);
        Assert.Multiple(() =>
        {
            Assert.That(expected, Is.EqualTo(reference.Tokens[11..27]), "reference");
            Assert.That(ofFork, Is.EqualTo(expected), "fork");
            Assert.That(Greedy(session), Is.EqualTo(expected), "reset");
        });
    }

    private static int[] Greedy(Session session) => [.. Enumerable.Range(0, 16).Select(_ => session.NextToken(SamplingOptions.Greedy))];

    private static void Check(LogitsReference reference, Bound bound)
    {
        using Model model = Model.Load(reference.Path, TestModels.Options());
        double prefill = reference.ErrorOf(Prefill(model, reference.Tokens));
        double decode = reference.ErrorOf(Decode(model, reference.Tokens));
        double batch = reference.ErrorOf(Batch(model, reference.Tokens));
        TestContext.Out.WriteLine(FormattableString.Invariant(
            $"{reference.Name}: prefill {prefill:0.0e+0}, decode {decode:0.0e+0}, batch {batch:0.0e+0}"));
        Assert.Multiple(() =>
        {
            Assert.That(prefill, Is.LessThanOrEqualTo(bound.MaxAbs), "prefill");
            Assert.That(decode, Is.LessThanOrEqualTo(bound.MaxAbs), "decode");
            Assert.That(batch, Is.LessThanOrEqualTo(bound.MaxAbs), "batch");
            Assert.That(model.ValidationMessages, Is.Empty);
        });
    }

    /// <summary>Rows of sequences of different lengths that take one step together.</summary>
    private static Dictionary<int, float[]> Batch(Model model, int[] tokens)
    {
        int[] lengths = [tokens.Length, 1, tokens.Length / 2];
        Session[] sessions = [.. lengths.Select(_ => model.CreateSession())];
        for (int i = 0; i < lengths.Length; i++)
        {
            sessions[i].Append(tokens.AsSpan(0, lengths[i]));

            // Forgets the logits but not the cache: the step computes them.
            sessions[i].Truncate(lengths[i]);
            sessions[i].KeepsLogits = true;
        }

        using SessionBatch batch = model.CreateBatch(sessions);
        batch.NextTokens(new int[lengths.Length], SamplingOptions.Greedy);
        var rows = new Dictionary<int, float[]>();
        for (int i = 0; i < lengths.Length; i++)
        {
            rows[lengths[i] - 1] = new float[model.Config.VocabSize];
            sessions[i].ReadLogits(rows[lengths[i] - 1]);
            sessions[i].Dispose();
        }

        return rows;
    }

    private static List<float[]> Prefill(Model model, int[] tokens)
    {
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(tokens, (_, row) => rows.Add(row.ToArray()));
        return rows;
    }

    private static List<float[]> Decode(Model model, int[] tokens)
    {
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        foreach (int token in tokens)
        {
            session.Append([token]);
            float[] row = new float[model.Config.VocabSize];
            session.ReadLogits(row);
            rows.Add(row);
        }

        return rows;
    }
}

using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Proof.Reference;
using VkInfer.Testing;

namespace VkInfer.Tests.Families;

/// <summary>
/// A fixture's family with other fields in its configuration and random weights of the shapes that these ask for, compared with the
/// reference in double precision.
/// </summary>
/// <param name="Fixture">The fixture.</param>
/// <param name="Change">Changes its configuration.</param>
/// <param name="Type">Format of matrices whose rows are whole blocks of it.</param>
internal sealed record ModelVariant(string Fixture, Action<JsonObject> Change, WeightType Type = WeightType.F32)
{
    private const int Prompt = 37;
    private const int Decoded = 9;
    private const int MostSeeds = 100;

    // What products in float32 round of a router's logits is far below.
    private const double ClearMargin = 1e-3;

    /// <summary>Biases that the variant has beside those of the fixture.</summary>
    public IReadOnlyList<string> Biases { get; init; } = [];

    /// <summary>The configuration.</summary>
    public ModelConfig ReadConfig() => HfConfigReader.Read(Fields());

    /// <summary>Asserts that a device gives the reference's logits, for a prompt at once and for tokens one after another.</summary>
    public void AssertRuns()
    {
        (RandomModel source, double[][] expected) = FindClear();
        using Model model = ModelLoader.Load(source, TestModels.Options(), null, default);
        int[] tokens = Tokens(model.Config);
        var rows = new List<float[]>();
        using (Session session = model.CreateSession())
        {
            session.ComputeLogits(tokens, (_, row) => rows.Add(row.ToArray()));
        }

        AssertClose(rows, expected, "prompt");
        rows.Clear();
        using (Session session = model.CreateSession())
        {
            foreach (int token in tokens[..Decoded])
            {
                session.Append([token]);
                rows.Add(new float[model.Config.VocabSize]);
                session.ReadLogits(rows[^1]);
            }
        }

        AssertClose(rows, expected[..Decoded], "token by token");
        Assert.That(model.ValidationMessages, Is.Empty);
    }

    private static void AssertClose(List<float[]> actual, double[][] expected, string what) => Comparison.AssertClose(
        [.. actual.SelectMany(row => row)], [.. expected.SelectMany(row => row)], Bounds.LogitsF32, what);

    private static int[] Tokens(ModelConfig config) =>
        [.. Enumerable.Range(0, Math.Min(Prompt, config.MaxContextLength)).Select(i => ((i * 7919) + 13) % config.VocabSize)];

    /// <summary>The first weights with which rounding does not choose experts.</summary>
    private (RandomModel Model, double[][] Logits) FindClear()
    {
        ModelConfig config = ReadConfig();
        using ModelSource fixture = ModelSource.Open(LogitsReference.OfFixture(Fixture).Path);
        IEnumerable<string> names = fixture.Weights.Tensors.Select(tensor => tensor.Name);
        HashSet<string> biases = [.. Biases, .. names.Where(name => name.EndsWith(".bias", StringComparison.Ordinal))
            .Select(name => RandomModel.StemOf(name[..^".bias".Length]))];
        bool isTied = Fields().TryBool("tie_word_embeddings") ?? !fixture.Weights.TryGetTensor("output.weight", out _);
        for (int seed = 1; seed <= MostSeeds; seed++)
        {
            var model = new RandomModel(Fixture, config, Type, seed, biases.Contains, isTied);
            var reference = new ReferenceTransformer(config, model, TestModels.Options().ResolveContextLength(config));
            double[][] logits = reference.Logits(Tokens(config));
            if (reference.RouterMargin >= ClearMargin)
            {
                return (model, logits);
            }
        }

        throw new InvalidOperationException($"{Fixture}: no seed up to {MostSeeds} makes the choice of experts clear.");
    }

    private HfJson Fields()
    {
        string path = Path.Combine(LogitsReference.OfFixture(Fixture).Path, "config.json");
        JsonObject config = JsonNode.Parse(PythonNumbers.ToJson(File.ReadAllBytes(path)).Span)!.AsObject();
        Change(config);
        return HfJson.Parse(path, Encoding.UTF8.GetBytes(config.ToJsonString()));
    }
}

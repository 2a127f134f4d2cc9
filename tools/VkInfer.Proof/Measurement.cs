using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Proof.Reference;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Proof;

/// <summary>Measures models on one device.</summary>
/// <param name="device">Which, as <see cref="ModelOptions.Device"/> has it.</param>
internal sealed class Measurement(string device)
{
    private const int WidePrompt = 32;

    /// <summary>So few tokens at a time go to the product for few rows, where the device has one.</summary>
    private const int FewTokens = 8;

    /// <summary>
    /// A choice between experts whose logits are nearer than this may be made by rounding, and then says nothing about formats. A product
    /// on matrix units may be 2e-3 off (<see cref="Bounds.MatrixF16"/>); twice that, and some more.
    /// </summary>
    private const double ClearMargin = 5e-3;

    private const int MostSeeds = 200;

    /// <summary>The device of the last model, and its driver.</summary>
    public (string Name, string Driver) Device { get; private set; } = ("", "");

    /// <summary>A fixture in float32, in one pass and token by token.</summary>
    public (double Prefill, double Decode) OfFixture(Fixture fixture)
    {
        using ModelSource source = ModelSource.Open(fixture.Folder);
        using Model model = Load(source);
        double[] expected = fixture.ReadLogits();
        return (
            Fixture.ErrorOf(Logits(model, fixture.Tokens, fixture.Tokens.Length), expected),
            Fixture.ErrorOf(Logits(model, fixture.Tokens, 1), expected));
    }

    /// <summary>
    /// The wide model of a fixture in a format, against the reference transformer with the same decoded weights: the largest error of
    /// prefill, of few tokens at a time and of decode; and what it may be.
    /// </summary>
    public (double Error, double Bound) OfFormat(Fixture fixture, WeightType type)
    {
        int[] tokens = fixture.Tokens[..WidePrompt];
        (WideModel source, double[] expected) = FindClear(fixture, type, tokens);
        using Model model = Load(source);
        double error = new[] { tokens.Length, FewTokens, 1 }.Max(count => Fixture.ErrorOf(Logits(model, tokens, count), expected));
        return (error, BoundOf(model, type).MaxAbs);
    }

    private static Bound BoundOf(Model model, WeightType type) => type switch
    {
        WeightType.F32 => Bounds.LogitsF32,
        _ when model.Kernels.Gemm.PreferredInput(type) == ActivationType.F16 => Bounds.LogitsOfMatrixUnits,
        _ when model.Device.Type == DeviceType.Software => Bounds.LogitsF32, // No fixed point there.
        _ => Bounds.LogitsOfFixedPoint,
    };

    /// <summary>The first seed whose choices of experts are clear; without experts, the first.</summary>
    private static (WideModel Model, double[] Logits) FindClear(Fixture fixture, WeightType type, int[] tokens)
    {
        for (int seed = 1; seed <= MostSeeds; seed++)
        {
            var model = new WideModel(fixture, type, seed);
            ModelConfig config = model.ReadConfig();
            var reference = new ReferenceTransformer(config, model, new ModelOptions().ResolveContextLength(config));
            double[][] logits = reference.Logits(tokens);
            if (reference.RouterMargin >= ClearMargin)
            {
                return (model, [.. logits.SelectMany(row => row)]);
            }
        }

        throw new InvalidOperationException($"{fixture.Name} {type}: no seed up to {MostSeeds} makes the choice of experts clear.");
    }

    private Model Load(ModelSource source)
    {
        Model model =
            ModelLoader.Load(source, new ModelOptions { Device = device, KvType = KvType.F32, PrefillChunk = 128 }, null, default);
        Device = (model.Device.Name, $"{model.Device.DriverName} {model.Device.DriverVersion}");
        return model;
    }

    private static List<float[]> Logits(Model model, int[] tokens, int count)
    {
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        foreach (int[] some in tokens.Chunk(count))
        {
            if (count > 1)
            {
                session.ComputeLogits(some, (_, row) => rows.Add(row.ToArray()));
                continue;
            }

            session.Append(some);
            float[] last = new float[model.Config.VocabSize];
            session.ReadLogits(last);
            rows.Add(last);
        }

        return rows;
    }
}

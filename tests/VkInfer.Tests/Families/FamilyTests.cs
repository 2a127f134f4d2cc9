using VkInfer.Testing;

namespace VkInfer.Tests.Families;

/// <summary>Each family's logits against an independent implementation, in prefill and in decode.</summary>
public sealed class FamilyTests
{
    private static readonly string[] GgufModels = ["rand-llama3-f32", "rand-qwen2-f32", "rand-chatglm-f32", "rand-gpt2-f32"];

    [Test]
    public void Prefill_and_decode_give_the_logits_of_the_reference([ValueSource(nameof(GgufModels))] string name) =>
        Check(LogitsReference.OfGguf(name));

    private static void Check(LogitsReference reference)
    {
        using Model model = Model.Load(reference.Path, TestModels.Options());
        double prefill = reference.ErrorOf(Prefill(model, reference.Tokens));
        double decode = reference.ErrorOf(Decode(model, reference.Tokens));
        TestContext.Out.WriteLine(FormattableString.Invariant($"{reference.Name}: prefill {prefill:0.0e+0}, decode {decode:0.0e+0}"));
        Assert.Multiple(() =>
        {
            Assert.That(prefill, Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs), "prefill");
            Assert.That(decode, Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs), "decode");
            Assert.That(model.ValidationMessages, Is.Empty);
        });
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
            var row = new float[model.Config.VocabSize];
            session.ReadLogits(row);
            rows.Add(row);
        }

        return rows;
    }
}

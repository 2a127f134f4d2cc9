using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Tests.Families;

/// <summary>A trained model as a Hugging Face folder, against the same reference as its GGUF.</summary>
public sealed class FolderTests
{
    [Test]
    public void Float32_gives_the_logits_of_the_reference() => Check(Folder(""), null, Bounds.LogitsF32);

    [Test]
    public void Bfloat16_in_shards_is_as_close_as_its_weights() => Check(Folder("bf16-sharded"), null, Bounds.LogitsBF16);

    [Test]
    public void Quantised_while_loading_it_is_as_close_as_its_weights() => Check(Folder(""), WeightType.Q8_0, Bounds.LogitsQ8_0);

    [Test]
    public void Quantised_while_loading_it_is_the_model_that_convert_writes([Values(WeightType.Q8_0, WeightType.Q4_0)] WeightType type)
    {
        using var folder = new TemporaryFolder();
        string converted = Path.Combine(folder.FullName, "converted.gguf");
        ModelConverter.Convert(TestModels.Stories, converted, Enum.Parse<GgufTensorType>(type.ToString()));
        int[] tokens = [1, 403, 407, 261, 378, 311];
        Assert.That(Logits(TestModels.Stories, type, tokens), Is.EqualTo(Logits(converted, null, tokens)));
    }

    [Test]
    public void A_folder_without_a_tokenizer_works_on_ids()
    {
        using Model model = Model.Load(Folder("bf16-sharded"), TestModels.Options());
        Assert.That(() => model.Tokenizer, Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("token ids only"));
    }

    [Test]
    public void Its_tokenizer_is_that_of_the_GGUF()
    {
        using Model folder = Model.Load(Folder(""), TestModels.Options());
        using Model gguf = Model.Load(TestModels.Stories, TestModels.Options());
        string text = File.ReadAllText(TestModels.DataFile("text/tinyshakespeare.txt"))[..4000];
        Assert.That(folder.Tokenizer.Encode(text), Is.EqualTo(gguf.Tokenizer.Encode(text)));
        Assert.That(folder.Tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo(gguf.Tokenizer.EndOfGenerationTokenIds));
        Assert.That(folder.ChatTemplateSource, Is.Null);
    }

    [Test]
    public void Quantising_makes_the_weights_smaller()
    {
        ModelInspection whole = ModelInspection.Inspect(Folder(""));
        ModelInspection quantised = ModelInspection.Inspect(Folder(""), new ModelOptions { Quantize = WeightType.Q4_0 });
        Assert.That(quantised.Memory!.WeightBytes, Is.LessThan(whole.Memory!.WeightBytes / 2));
    }

    private static string Folder(string part) =>
        Path.GetDirectoryName(TestModels.DataFile(Path.Combine("models/hf-stories260K", part, "config.json")))!;

    private static List<float[]> Logits(string path, WeightType? quantize, int[] tokens)
    {
        using Model model = Model.Load(path, TestModels.Options() with { Quantize = quantize });
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(tokens, (_, row) => rows.Add(row.ToArray()));
        Assert.That(model.ValidationMessages, Is.Empty);
        return rows;
    }

    private static void Check(string folder, WeightType? quantize, Bound bound)
    {
        LogitsReference reference = LogitsReference.OfGguf("stories260K-tied-f32") with { Path = folder };
        using Model model = Model.Load(folder, TestModels.Options() with { Quantize = quantize });
        using Session session = model.CreateSession();
        var rows = new List<float[]>();
        session.ComputeLogits(reference.Tokens, (_, row) => rows.Add(row.ToArray()));
        double error = reference.ErrorOf(rows);
        TestContext.Out.WriteLine(FormattableString.Invariant($"{folder} {quantize}: {error:0.0e+0}"));
        Assert.That(error, Is.LessThanOrEqualTo(bound.MaxAbs));
        Assert.That(model.ValidationMessages, Is.Empty);
    }
}

using VkInfer.Kernels;

namespace VkInfer.Tests.Softmax;

/// <summary>The asynchronized softmax says what the synchronized one says, over long texts.</summary>
public sealed class SoftmaxAgreementTests
{
    [Test]
    [Category("Long")]
    public void The_embedded_model_says_the_same_over_a_text() => Check(Model.DefaultModelPath, 400);

    [Test]
    [Category("Release")]
    public void The_embedded_model_says_the_same_over_2000_tokens() => Check(Model.DefaultModelPath, 2000);

    [Test]
    [Category("Long")]
    public void A_story_model_says_the_same_over_2000_tokens() => Check(TestModels.DataFile("models/stories260K-tied-f32.gguf"), 2000);

    private static void Check(string path, int atLeast)
    {
        using Model model = Model.Load(path, new ModelOptions { Device = TestModels.Device, Validation = TestModels.Validation });
        int capacity = Math.Min(model.ContextLength, 512);
        int[] Prompt(int index) => model.Tokenizer.Encode($"Once upon a time there were {index} little foxes", addSpecial: true);
        var stats = default(SoftmaxStats);
        int compared = 0;
        for (int text = 2; compared < atLeast; text++)
        {
            int[] prompt = Prompt(text);
            int[] Run(SoftmaxChoice softmax)
            {
                using Session session = model.CreateSession(new SessionOptions { Capacity = capacity, Softmax = softmax });
                session.Append(prompt);
                int[] tokens = [
                    .. Enumerable.Range(0, capacity - prompt.Length).Select(
                        _ => session.NextTokenCore(SamplingOptions.Greedy, 2, default))];
                stats += session.ReadSoftmaxStats();
                return tokens;
            }

            int[] asynchronized = Run(SoftmaxChoice.Asynchronized);
            Assert.That(asynchronized, Is.EqualTo(Run(SoftmaxChoice.Synchronized)));
            compared += asynchronized.Length;
        }

        TestContext.Out.WriteLine($"{compared} tokens; of {stats.Rows} rows {stats.Recomputed} were computed anew");
        Assert.That(stats.Rows, Is.Positive);
        Assert.That(model.ValidationMessages, Is.Empty);
    }
}

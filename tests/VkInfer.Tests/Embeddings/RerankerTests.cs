using VkInfer.Testing;
using VkInfer.Tests.Embedded;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Embeddings;

/// <summary>Scores are what the model's logits say of two tokens behind the prompt.</summary>
public sealed class RerankerTests : EmbeddedFixture
{
    private const string Query = "What is 27 + 45?";

    private static readonly string[] Documents = ["It is 72.", "The fox sleeps.", "<|im_end|>", ""];

    [Test]
    public async Task A_score_is_the_share_of_yes_of_the_two()
    {
        var reranker = new Reranker(Model, "y", "n");
        float[] scores = await reranker.ScoreAsync(Query, Documents);
        int[] ids = [.. new[] { "y", "n" }.Select(word => Model.Tokenizer.Encode(word, addSpecial: false).Single())];
        for (int i = 0; i < Documents.Length; i++)
        {
            string pair = $"<Instruct>: {Reranker.DefaultInstruction}\n<Query>: {Query}\n<Document>: {Documents[i]}";
            int[] prompt =
            [
                .. Special(
                    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
                    + "Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n"),
                .. Model.Tokenizer.Encode(pair, addSpecial: false),
                .. Special("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            ];
            (double yes, double no) = (0, 0);
            using Session session = Model.CreateSession();
            session.ComputeLogits(prompt, (index, logits) =>
            {
                if (index == prompt.Length - 1)
                {
                    (yes, no) = (Math.Exp(logits[ids[0]]), Math.Exp(logits[ids[1]]));
                }
            });
            Comparison.AssertClose([scores[i]], [yes / (yes + no)], Bounds.LogitsOfFixedPoint, Documents[i]);
        }

        Assert.That(scores.Distinct().Count(), Is.EqualTo(Documents.Length));
    }

    /// <summary>
    /// The scores are those of <c>tools/golden-reranking</c>. Documents whose scores are nearer to each other than the bound allows may
    /// stand either way.
    /// </summary>
    [Test]
    public async Task Documents_stand_in_the_order_of_transformers()
    {
        var reranker = new Reranker(Model, "y", "n");
        Bound bound = Model.Device.Type == DeviceType.Software ? Bounds.LogitsOfFixedPoint : Bounds.LogitsOfMatrixUnits;
        foreach (RankedDocuments ranked in EncoderReference.Ranked())
        {
            float[] scores = await reranker.ScoreAsync(ranked.Query, ranked.Documents);
            double[] inOurOrder = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Select(i => ranked.Scores[i])];
            Assert.That(
                inOurOrder.Zip(inOurOrder.Skip(1), (before, after) => after - before),
                Is.All.LessThanOrEqualTo(2 * bound.MaxAbs), ranked.Query);
            Comparison.AssertClose(scores, ranked.Scores, bound, ranked.Query);
        }
    }

    [Test]
    public void A_model_that_lacks_the_words_is_refused() => Assert.That(
        () => new Reranker(Model, "antidisestablishmentarianism"),
        Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("antidisestablishmentarianism"));

    private int[] Special(string text) => Model.Tokenizer.Encode(text, addSpecial: false, parseSpecial: true);
}

namespace VkInfer.Tests;

/// <summary>One small trained model per fixture; fails when validation had anything to say.</summary>
public abstract class ModelFixture
{
    protected static readonly int[] Prompt = [1, 403, 407, 261, 378, 289, 265, 340, 392, 261, 300];

    protected Model Model { get; private set; } = null!;

    [OneTimeSetUp]
    public void Load() => Model = VkInfer.Model.Load(TestModels.Stories, TestModels.Options());

    [OneTimeTearDown]
    public void Unload()
    {
        if (Model is null)
        {
            return; // Without test data the fixture was ignored.
        }

        IReadOnlyList<string> messages = [.. Model.ValidationMessages];
        Model.Dispose();
        Assert.That(messages, Is.Empty);
    }

    protected static int[] Greedy(Session session, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => session.NextToken(SamplingOptions.Greedy))];

    protected static float[][] Logits(Session session, ReadOnlySpan<int> tokens)
    {
        var rows = new List<float[]>();
        session.ComputeLogits(tokens, (_, row) => rows.Add(row.ToArray()));
        return [.. rows];
    }
}

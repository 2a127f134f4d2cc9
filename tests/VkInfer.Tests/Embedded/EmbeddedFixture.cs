namespace VkInfer.Tests.Embedded;

/// <summary>The model that comes with the library, loaded once per fixture; fails when validation had anything to say.</summary>
public abstract class EmbeddedFixture
{
    protected static readonly SamplingOptions Drawn = new() { Temperature = 1.1f, TopK = 0, TopP = 1, MinP = 0, Seed = 7 };

    protected Model Model { get; private set; } = null!;

    protected static ModelOptions Options => new() { Device = TestModels.Device, Validation = TestModels.Validation };

    [OneTimeSetUp]
    public void Load() => Model = Model.LoadDefault(Options);

    [OneTimeTearDown]
    public void Unload()
    {
        IReadOnlyList<string> messages = [.. Model.ValidationMessages];
        Model.Dispose();
        Assert.That(messages, Is.Empty);
    }

    protected static int[] Take(Session session, int count, SamplingOptions sampling)
    {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = session.NextToken(sampling);
        }

        return ids;
    }

    /// <summary>A prompt of some length, different for each index.</summary>
    protected int[] Prompt(int index, int length = 12)
    {
        int[] text =
            Model.Tokenizer.Encode("Once upon a time there was a little fox who lived in a big forest with a friend. ", addSpecial: false);
        return [.. Enumerable.Range(0, length).Select(i => text[(i + index) % text.Length])];
    }
}

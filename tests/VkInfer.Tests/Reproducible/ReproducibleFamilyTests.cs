using VkInfer.Testing;
using VkInfer.Tests.Families;

namespace VkInfer.Tests.Reproducible;

/// <summary>Layers of every kind: what a row becomes does not depend on the rows beside it, in prompts and in decode.</summary>
/// <param name="name">The fixture.</param>
[TestFixture("llama")]
[TestFixture("gemma3")]
[TestFixture("gpt-oss")]
[TestFixture("qwen3moe")]
[TestFixture("gemma4-moe")]
[TestFixture("gemma4-e")]
[TestFixture("glm-4.7-flash")]
[TestFixture("qwen3.5-moe")]
[TestFixture("nemotron-h-moe")]
[TestFixture("lfm2")]
public sealed class ReproducibleFamilyTests(string name)
{
    private readonly LogitsReference _reference = LogitsReference.OfFixture(name);
    private Model? _model;

    private Model Model => _model!;

    [OneTimeSetUp]
    public void Load() => _model = Model.Load(_reference.Path, TestModels.Options() with { Reproducible = true, PrefixCaching = false });

    [OneTimeTearDown]
    public void Dispose() => _model?.Dispose();

    [Test]
    public void Logits_are_the_references_and_the_same_however_their_tokens_came()
    {
        using Session whole = Model.CreateSession();
        var rows = new List<float[]>();
        whole.ComputeLogits(_reference.Tokens, (_, row) => rows.Add(row.ToArray()));
        Assert.That(_reference.ErrorOf(rows), Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs));
        using Session pieces = Model.CreateSession();
        int at = 0;
        foreach (int count in new[] { 1, 40, 1, 1, 5, 2 })
        {
            pieces.Append(_reference.Tokens.AsSpan(at, count));
            at += count;
            Assert.That(Logits(pieces), Is.EqualTo(rows[at - 1]), $"behind {at} tokens");
        }
    }

    [Test]
    public void Sessions_in_steps_with_others_are_what_they_are_alone()
    {
        int[] lengths = [3, 33, 60, 17, 1];
        Session[] sessions = [.. lengths.Select(length => Begin(length))];
        (int[] Tokens, float[] Logits)[] alone = [.. lengths.Select(Alone)];
        int[][] together = new int[6][];
        using SessionBatch batch = Model.CreateBatch(sessions);
        for (int step = 0; step < together.Length; step++)
        {
            batch.NextTokens(together[step] = new int[lengths.Length], SamplingOptions.Greedy);
        }

        for (int i = 0; i < lengths.Length; i++)
        {
            Assert.That(together.Select(tokens => tokens[i]), Is.EqualTo(alone[i].Tokens), $"session {i}");
            Assert.That(LogitsBehind(sessions[i]), Is.EqualTo(alone[i].Logits), $"session {i}");
        }

        Array.ForEach(sessions, session => session.Dispose());
    }

    private Session Begin(int length)
    {
        Session session = Model.CreateSession();
        session.Append(_reference.Tokens.AsSpan(0, length));
        return session;
    }

    private (int[] Tokens, float[] Logits) Alone(int length)
    {
        using Session session = Begin(length);
        int[] tokens = [.. Enumerable.Range(0, 6).Select(_ => session.NextToken(SamplingOptions.Greedy))];
        return (tokens, LogitsBehind(session));
    }

    // Of a token more, which sees the keys and values of all before it.
    private float[] LogitsBehind(Session session)
    {
        session.Append(_reference.Tokens.AsSpan(0, 1));
        return Logits(session);
    }

    private float[] Logits(Session session)
    {
        float[] row = new float[Model.Config.VocabSize];
        session.ReadLogits(row);
        return row;
    }
}

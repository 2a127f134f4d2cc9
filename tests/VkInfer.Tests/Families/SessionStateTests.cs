using VkInfer.Testing;

namespace VkInfer.Tests.Families;

/// <summary>
/// What a session keeps on the device, whichever way it came about: the next logits are those of the reference. Of models that keep more
/// than keys and values of one shape.
/// </summary>
/// <param name="name">The fixture.</param>
[TestFixture("qwen3.5")]
[TestFixture("nemotron-h-moe")]
[TestFixture("falcon-h1")]
[TestFixture("gemma4")]
[TestFixture("gemma4-e")]
[TestFixture("glm-4.7-flash")]
public sealed class SessionStateTests(string name)
{
    private readonly LogitsReference _reference = LogitsReference.OfFixture(name);

    private TemporaryFolder? _folder;
    private Model? _model;

    private Model Model => _model!;

    [OneTimeSetUp]
    public void Load()
    {
        _folder = new TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" })
        {
            File.Copy(Path.Combine(_reference.Path, file), Path.Combine(_folder.FullName, file));
        }

        TinyTokenizer.Write(_folder.FullName, _reference.Rows[0].Length);
        _model = Model.Load(_folder.FullName, TestModels.Options());
    }

    [OneTimeTearDown]
    public void Dispose()
    {
        _model?.Dispose();
        _folder?.Dispose();
    }

    [Test]
    public void Prompts_in_pieces_and_single_tokens_mix()
    {
        using Session session = Model.CreateSession();
        int at = 0;
        foreach (int count in new[] { 1, 40, 1, 1, 5, 22 })
        {
            session.Append(_reference.Tokens.AsSpan(at, count));
            at += count;
            Check(session, at);
        }
    }

    [TestCase(69)]
    [TestCase(52)]
    [TestCase(40)]
    [TestCase(32)]
    [TestCase(7)]
    public void A_truncated_session_goes_on_as_if_nothing_had_been_there(int length)
    {
        using Session session = Model.CreateSession();
        session.Append(_reference.Tokens);
        session.NextToken(SamplingOptions.Greedy);
        session.Truncate(length);
        session.Append(_reference.Tokens.AsSpan(length, 1));
        Check(session, length + 1);
    }

    [Test]
    public void A_fork_and_its_trunk_go_their_own_ways()
    {
        using Session trunk = Model.CreateSession();
        trunk.Append(_reference.Tokens.AsSpan(0, 50));
        using Session fork = trunk.Fork();
        trunk.Append([17, 4, 211]);
        fork.Append(_reference.Tokens.AsSpan(50, 3));
        Check(fork, 53);
        trunk.Truncate(50);
        trunk.Append(_reference.Tokens.AsSpan(50, 20));
        Check(trunk, 70);
    }

    [Test]
    public void Sessions_take_steps_together_each_with_its_own_state()
    {
        int[] lengths = [3, 33, 60];
        Session[] sessions = [.. lengths.Select(_ => Model.CreateSession())];
        for (int i = 0; i < lengths.Length; i++)
        {
            sessions[i].Append(_reference.Tokens.AsSpan(0, lengths[i]));
        }

        int[][] alone = [.. lengths.Select(length => Alone(length, 8))];
        using SessionBatch batch = Model.CreateBatch(sessions);
        int[] tokens = new int[lengths.Length];
        for (int step = 0; step < 8; step++)
        {
            batch.NextTokens(tokens, SamplingOptions.Greedy);
            Assert.That(tokens, Is.EqualTo(alone.Select(text => text[step])), $"step {step}");
        }

        Array.ForEach(sessions, session => session.Dispose());
    }

    [Test]
    public void A_state_that_another_session_had_is_zero_again()
    {
        for (int i = 0; i < 3; i++)
        {
            using Session session = Model.CreateSession();

            // No prefix of what the sessions before had.
            session.Append(_reference.Tokens.AsSpan(i, 5));
            session.Reset();
            session.Append(_reference.Tokens.AsSpan(0, 9));
            Check(session, 9);
        }
    }

    private static int[] Next(Session session, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => session.NextToken(SamplingOptions.Greedy))];

    private int[] Alone(int length, int count)
    {
        using Session session = Model.CreateSession();
        session.Append(_reference.Tokens.AsSpan(0, length));
        return Next(session, count);
    }

    private void Check(Session session, int tokens)
    {
        float[] row = new float[Model.Config.VocabSize];
        session.ReadLogits(row);
        double error = _reference.ErrorOf(new Dictionary<int, float[]> { [tokens - 1] = row });
        Assert.That(error, Is.LessThanOrEqualTo(Bounds.LogitsF32.MaxAbs), $"behind {tokens} tokens");
        Assert.That(Model.ValidationMessages, Is.Empty);
    }
}

namespace VkInfer.Tests.Embedded;

/// <summary>A seed decides what is drawn, whatever happened in the session before.</summary>
public sealed class SeedTests : EmbeddedFixture
{
    [Test]
    public void A_seed_draws_the_same_in_every_session_and_after_a_reset()
    {
        using Session first = Model.CreateSession();
        first.Append(Prompt(0));
        int[] expected = Take(first, 24, Drawn);

        using Session second = Model.CreateSession(new SessionOptions { Capacity = 64 });
        second.Append(Prompt(5));
        Take(second, 7, Drawn with { Seed = 99 });
        second.Reset();
        second.Append(Prompt(0));
        Assert.That(Take(second, 24, Drawn), Is.EqualTo(expected));

        first.Truncate(Prompt(0).Length);
        Assert.That(Take(first, 24, Drawn), Is.EqualTo(expected), "after a truncation");
        second.Reset();
        second.Append(Prompt(0));
        Assert.That(Take(second, 24, Drawn with { Seed = 8 }), Is.Not.EqualTo(expected));
    }

    [Test]
    public void A_fork_draws_as_a_session_that_took_the_same_way()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(2));
        using Session fork = session.Fork();
        using Session deeper = fork.Fork();
        int[] expected = Take(session, 16, Drawn);
        Assert.That(Take(deeper, 16, Drawn), Is.EqualTo(expected));
        Assert.That(Take(fork, 16, Drawn), Is.EqualTo(expected));
    }

    [Test]
    public async Task Streaming_draws_what_single_steps_draw()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(4));
        int[] expected = Take(session, 20, Drawn);
        session.Reset();
        var ids = new List<int>();
        await foreach (GenerationUpdate update in session.GenerateAsync(
            Prompt(4), new GenerationOptions { Sampling = Drawn, MaxTokens = 20, IgnoreEndOfText = true }))
        {
            ids.AddRange(update.TokenIds);
        }

        Assert.That(ids, Is.EqualTo(expected));
    }

    [Test]
    public void A_truncated_session_goes_on_as_one_that_never_went_further()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0, 30));
        int[] expected = Take(session, 12, SamplingOptions.Greedy);
        session.Truncate(30);
        session.Append(Prompt(9, 40));
        Take(session, 5, Drawn);
        session.Truncate(30);
        Assert.That(Take(session, 12, SamplingOptions.Greedy), Is.EqualTo(expected));
        Assert.That(() => session.Truncate(43), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => session.Truncate(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(session.Position, Is.EqualTo(42));
    }
}

namespace VkInfer.Tests.Embedded;

/// <summary>Pages of keys and values, as sessions take, share and give them back.</summary>
public sealed class SessionPagesTests : EmbeddedFixture
{
    private int Held => Model.EngineFor(Model.Options.KvType, null, Model.Options.Linear)
        .Engine.InvokeAsync((_, pool) => pool.Held).GetAwaiter().GetResult();

    [TearDown]
    public void Every_page_is_free_when_all_sessions_are_gone() => Assert.That(Held, Is.Zero);

    [Test]
    public void A_session_holds_pages_for_the_tokens_that_it_has()
    {
        using Session session = Model.CreateSession();
        Assert.That(Held, Is.Zero, "nothing is reserved");
        session.Append(Prompt(0, 32));
        Assert.That(Held, Is.EqualTo(1));
        Take(session, 2, SamplingOptions.Greedy);
        Assert.That(Held, Is.EqualTo(2));
        session.Append(Prompt(1, 100));
        Assert.That(Held, Is.EqualTo(5));
        session.Truncate(33);
        Assert.That(Held, Is.EqualTo(2));
        session.Reset();
        Assert.That(Held, Is.Zero);
    }

    [Test]
    public void A_fork_shares_pages_until_either_writes_the_last([Values] bool forkFirst)
    {
        using Session alone = Model.CreateSession();
        alone.Append(Prompt(0, 75));
        int[] expected = Take(alone, 12, SamplingOptions.Greedy);
        alone.Dispose();

        using Session first = Model.CreateSession();
        first.Append(Prompt(0, 75));
        using Session second = first.Fork();
        Assert.That(Held, Is.EqualTo(3));
        Session[] both = forkFirst ? [second, first] : [first, second];
        Assert.That(Take(both[0], 6, SamplingOptions.Greedy), Is.EqualTo(expected[..6]));
        Assert.That(Held, Is.EqualTo(4));
        Assert.That(Take(both[1], 12, SamplingOptions.Greedy), Is.EqualTo(expected));
        Assert.That(Take(both[0], 6, SamplingOptions.Greedy), Is.EqualTo(expected[6..]));
        Assert.That(Held, Is.EqualTo(4));
    }

    [Test]
    public void A_fork_keeps_what_the_other_goes_back_on_and_overwrites()
    {
        using Session first = Model.CreateSession();
        first.Append(Prompt(0, 70));
        using Session second = first.Fork();
        first.Truncate(20);
        first.Append(Prompt(3, 60));
        Take(first, 5, SamplingOptions.Greedy);
        using Session fresh = Model.CreateSession();
        fresh.Append(Prompt(0, 70));
        Assert.That(Take(second, 10, SamplingOptions.Greedy), Is.EqualTo(Take(fresh, 10, SamplingOptions.Greedy)));
    }

    [Test]
    public void A_fork_while_a_step_is_under_way_leaves_both_right()
    {
        using Session alone = Model.CreateSession();
        alone.Append(Prompt(0, 40));
        int[] expected = Take(alone, 20, SamplingOptions.Greedy);
        using Session first = Model.CreateSession();
        first.Append(Prompt(0, 40));
        int[] begun = [.. Enumerable.Range(0, 7).Select(_ => first.NextTokenCore(SamplingOptions.Greedy, 2, default))];
        using Session second = first.Fork();
        int[] rest = [.. Enumerable.Range(0, 13).Select(_ => first.NextTokenCore(SamplingOptions.Greedy, 2, default))];
        Assert.That(begun.Concat(rest), Is.EqualTo(expected));
        Assert.That(Take(second, 13, SamplingOptions.Greedy), Is.EqualTo(expected[7..]));
    }

    [Test]
    public void Sessions_of_a_batch_take_pages_as_they_go()
    {
        using Session alone = Model.CreateSession();
        alone.Append(Prompt(0, 30));
        int[] expected = Take(alone, 40, SamplingOptions.Greedy);
        using Session first = Model.CreateSession();
        first.Append(Prompt(0, 30));
        using Session second = first.Fork();
        using SessionBatch batch = Model.CreateBatch(first, second);
        int[] tokens = new int[2];
        for (int i = 0; i < expected.Length; i++)
        {
            batch.NextTokens(tokens, SamplingOptions.Greedy);
            Assert.That(tokens, Is.EqualTo(new[] { expected[i], expected[i] }), $"token {i}");
        }
    }

    [Test]
    public void A_thousand_short_sessions_leave_all_pages_free()
    {
        for (int i = 0; i < 100; i++)
        {
            Session[] sessions = [.. Enumerable.Range(0, 10).Select(_ => Model.CreateSession(new SessionOptions { Capacity = 64 }))];
            if (i % 10 == 0)
            {
                sessions[0].Append(Prompt(i, 33));
                sessions[1].Append(Prompt(i, 2));
            }

            Array.ForEach(sessions, session => session.Dispose());
        }
    }
}

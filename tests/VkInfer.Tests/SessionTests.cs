using VkInfer.Testing;

namespace VkInfer.Tests;

public sealed class SessionTests : ModelFixture
{
    [Test]
    public void Prefill_gives_what_token_by_token_decode_gives()
    {
        // Longer than a chunk, so that later chunks read what earlier ones cached.
        int[] tokens = [.. Enumerable.Range(0, 150).Select(i => (i * 37 % 500) + 3)];
        using Session whole = Model.CreateSession();
        float[][] expected = Logits(whole, tokens);

        using Session steps = Model.CreateSession();
        float[] logits = new float[Model.Config.VocabSize];
        for (int i = 0; i < tokens.Length; i++)
        {
            steps.Append([tokens[i]]);
            if (i % 29 == 0 || i == tokens.Length - 1)
            {
                steps.ReadLogits(logits);
                Assert.That(logits, Is.EqualTo(expected[i]).Within(1e-3f), $"token {i}");
            }
        }
    }

    [Test]
    public void A_prompt_in_pieces_gives_the_same_answer()
    {
        using Session whole = Model.CreateSession();
        whole.Append(Prompt);
        using Session pieces = Model.CreateSession();
        pieces.Append(Prompt.AsSpan(0, 3));
        pieces.Append(Prompt.AsSpan(3, 1));
        pieces.Append(Prompt.AsSpan(4));
        Assert.That(Greedy(pieces, 40), Is.EqualTo(Greedy(whole, 40)));
    }

    [Test]
    public void A_fork_goes_on_alone()
    {
        using Session first = Model.CreateSession();
        first.Append(Prompt);
        Greedy(first, 5);
        using Session second = first.Fork();
        int[] expected = Greedy(first, 20);
        second.Append([261]);
        Greedy(second, 10);
        second.Truncate(Prompt.Length + 5);
        Assert.That(Greedy(second, 20), Is.EqualTo(expected));
    }

    [Test]
    public void A_reset_session_is_like_new()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt);
        int[] expected = Greedy(session, 20);
        session.Reset();
        Assert.That(session.Position, Is.Zero);
        session.Append(Prompt);
        Assert.That(Greedy(session, 20), Is.EqualTo(expected));
    }

    [Test]
    public void Equal_seeds_give_equal_tokens_and_other_seeds_others()
    {
        int[] Draw(ulong seed)
        {
            using Session session = Model.CreateSession();
            session.Append(Prompt);
            var sampling = new SamplingOptions { Temperature = 1.2f, Seed = seed };
            return [.. Enumerable.Range(0, 30).Select(_ => session.NextToken(sampling))];
        }

        int[] first = Draw(7);
        int[] again = Draw(7);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(Draw(8), Is.Not.EqualTo(first));
    }

    [Test]
    public void A_full_context_says_so()
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = 16 });
        session.Append(Prompt);
        Greedy(session, 16 - Prompt.Length);
        ContextLengthExceededException? full =
            Assert.Throws<ContextLengthExceededException>(() => session.NextToken(SamplingOptions.Greedy));
        Assert.That(full!.Available, Is.Zero);
        ContextLengthExceededException? tooLong = Assert.Throws<ContextLengthExceededException>(() => session.Append([1, 2]));
        Assert.That((tooLong!.Requested, tooLong.Capacity), Is.EqualTo((2, 16)));
        Assert.That(session.Position, Is.EqualTo(16));
    }

    [TestCase(-1)]
    [TestCase(512)]
    [TestCase(int.MaxValue)]
    public void A_token_outside_the_vocabulary_is_refused(int token)
    {
        using Session session = Model.CreateSession();
        Assert.That(() => session.Append([1, token]), Throws.ArgumentException.With.Message.Contains($"Token 1 is {token}"));
        Assert.That(session.Position, Is.Zero);
    }

    [Test]
    public void An_empty_prompt_and_an_empty_session_are_refused()
    {
        using Session session = Model.CreateSession();
        Assert.That(() => session.Append([]), Throws.ArgumentException);
        Assert.That(() => session.NextToken(), Throws.InvalidOperationException);
    }

    [Test]
    public void Use_after_dispose_throws()
    {
        Session session = Model.CreateSession();
        session.Dispose();
        session.Dispose();
        Assert.That(() => session.Append([1]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Decode_allocates_nothing_on_the_managed_heap()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt);
        long allocated = Least.Allocated(() =>
        {
            for (int i = 0; i < 40; i++)
            {
                session.NextToken(SamplingOptions.Greedy);
            }
        });
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void Ten_sessions_decode_at_once_as_each_does_alone()
    {
        int[] Run(int i)
        {
            using Session session = Model.CreateSession();
            session.Append([.. Prompt.Skip(i % 5), 300 + i]);
            return Greedy(session, 40);
        }

        int[][] alone = [.. Enumerable.Range(0, 10).Select(Run)];
        int[][] together = new int[10][];
        Thread[] threads = [.. Enumerable.Range(0, 10).Select(i => new Thread(() => together[i] = Run(i)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.That(together, Is.EqualTo(alone));
    }

    [Test]
    public void Two_callers_of_one_session_do_not_corrupt_it()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt);
        int refused = 0;
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 10; i++)
            {
                try
                {
                    session.NextToken(SamplingOptions.Greedy);
                }
                catch (InvalidOperationException)
                {
                    Interlocked.Increment(ref refused);
                }
            }
        });
        Assert.That(session.Position, Is.EqualTo(Prompt.Length + 80 - refused));
        using Session again = Model.CreateSession();
        again.Append(Prompt);
        Assert.That(Greedy(again, 80 - refused), Is.EqualTo(session.Tokens.Skip(Prompt.Length)));
    }
}

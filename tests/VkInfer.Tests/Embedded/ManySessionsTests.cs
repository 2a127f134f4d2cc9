namespace VkInfer.Tests.Embedded;

/// <summary>Sessions beside each other do not disturb each other.</summary>
public sealed class ManySessionsTests : EmbeddedFixture
{
    [Test]
    public void Ten_sessions_on_ten_threads_give_what_each_gives_alone()
    {
        // Rows of other sessions change a logit's last bits, so no draw may lie on the edge of two tokens. Seed 9 had one 2e-6 off.
        int[] Run(int i)
        {
            using Session session = Model.CreateSession(new SessionOptions { Capacity = 128 + (32 * i) });
            session.Append(Prompt(i, 1 + (i * 11)));
            return Take(session, 16, i % 2 == 0 ? SamplingOptions.Greedy : Drawn with { Seed = (ulong)(10 + i) });
        }

        int[][] alone = [.. Enumerable.Range(0, 10).Select(Run)];
        int[][] together = new int[10][];
        var failures = new Exception?[10];
        using var start = new Barrier(10);
        Thread[] threads = [.. Enumerable.Range(0, 10).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                together[i] = Run(i);
            }
            catch (Exception exception)
            {
                failures[i] = exception;
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.That(failures, Is.All.Null);
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(alone.Select(ids => string.Join(',', ids)).Distinct().Count(), Is.GreaterThan(5), "the sessions say different things");
    }

    [Test]
    public void The_capacity_does_not_change_the_answer()
    {
        int[] Run(int capacity)
        {
            using Session session = Model.CreateSession(new SessionOptions { Capacity = capacity });
            session.Append(Prompt(3));
            return Take(session, 20, SamplingOptions.Greedy);
        }

        int[] expected = Run(Model.ContextLength);
        Assert.That(Run(32), Is.EqualTo(expected));
        Assert.That(Run(33), Is.EqualTo(expected));
        Assert.That(Run(257), Is.EqualTo(expected));
    }

    [Test]
    public void A_session_gives_back_all_that_it_took()
    {
        (int, long, int) Live() => (Model.Gpu.LiveBufferCount, Model.Gpu.LiveBufferBytes, Model.Gpu.LiveCommandListCount);
        for (int i = 0; i < 5; i++)
        {
            UseSome();
        }

        (int, long, int) before = Live();
        UseSome();
        Assert.That(Live(), Is.EqualTo(before));
    }

    private void UseSome()
    {
        using (Session session = Model.CreateSession(new SessionOptions { Capacity = 100 }))
        {
            session.Append(Prompt(0, 70));
            Take(session, 3, Drawn);
            using Session fork = session.Fork();
            Take(fork, 3, SamplingOptions.Greedy);
            fork.ComputeLogits(Prompt(1, 5), (_, _) => { });
        }

        Model.Gpu.Settle();
    }
}

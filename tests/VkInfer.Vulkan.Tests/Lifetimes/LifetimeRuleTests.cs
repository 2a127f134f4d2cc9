using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

/// <summary>The rule of disposal itself, without a device.</summary>
public sealed class LifetimeRuleTests
{
    private const int Patience = 60_000;

    [Test]
    public void Dispose_refuses_new_leases_cancels_and_waits_for_those_that_are_out()
    {
        int freed = 0;
        var lifetime = new Lifetime("thing", () => freed++);
        Assert.That(lifetime.TryEnter());
        Task disposing = Dispose(lifetime);
        Assert.That(lifetime.Closing.WaitHandle.WaitOne(Patience));
        Assert.That(Assert.Throws<ObjectDisposedException>(() => lifetime.Enter())!.ObjectName, Is.EqualTo("thing"));
        Assert.That(lifetime.TryEnter(), Is.False);
        Assert.That((disposing.IsCompleted, freed), Is.EqualTo((false, 0)));
        lifetime.Exit();
        Assert.That(disposing.Wait(Patience));
        Assert.That(freed, Is.EqualTo(1));
    }

    [Test]
    public void Many_threads_dispose_and_each_returns_after_the_one_freeing()
    {
        int freed = 0;
        var lifetime = new Lifetime("thing", () =>
        {
            Thread.Sleep(30);
            Interlocked.Increment(ref freed);
        });
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            lifetime.Dispose();
            Assert.That(Volatile.Read(ref freed), Is.EqualTo(1));
        });
    }

    [Test]
    public void Who_waits_for_what_another_thread_has_yet_to_close_is_woken()
    {
        using var closing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var owner = new Lifetime("owner", () => { });
        var part = new Lifetime("part", () => { }, owner);
        owner.Closing.Register(() =>
        {
            closing.Set();
            goOn.Wait(Patience);
        });
        Task first = Dispose(owner);
        Assert.That(closing.Wait(Patience));
        var thread = new Thread(owner.Dispose) { IsBackground = true };
        thread.Start();
        Assert.That(() => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Is.True.After(Patience, 1));
        Assert.That(part.IsClosed, Is.False, "the moment in question");
        goOn.Set();
        Assert.That(first.Wait(Patience));
        Assert.That(thread.Join(Patience));
        Assert.That(part.IsClosed);
    }

    [Test]
    public void Who_disposes_while_holding_a_lease_returns_and_the_freeing_follows()
    {
        using var freed = new ManualResetEventSlim();
        var owner = new Lifetime("owner", freed.Set);
        var part = new Lifetime("part", () => { }, owner);
        Assert.That(part.TryEnter());
        owner.Dispose();
        Assert.That((part.IsClosed, freed.IsSet), Is.EqualTo((true, false)));
        part.Exit();
        Assert.That(freed.Wait(Patience));
    }

    [Test]
    public void Dependents_are_freed_first_whatever_is_disposed_first()
    {
        foreach (bool ownerFirst in new[] { true, false })
        {
            var order = new List<string>();
            var owner = new Lifetime("owner", () => order.Add("owner"));
            var other = new Lifetime("other", () => order.Add("other"));
            var part = new Lifetime("part", () => order.Add("part"), owner, other);
            if (!ownerFirst)
            {
                part.Dispose();
            }

            owner.Dispose();
            part.Dispose();
            owner.Dispose();
            Assert.That(order, Is.EqualTo(new[] { "part", "owner" }));
            Assert.That(other.IsClosed, Is.False);
            other.Dispose();
            Assert.That(order, Is.EqualTo(new[] { "part", "owner", "other" }));
        }
    }

    [Test]
    public void Nothing_begins_under_an_owner_that_has_ended()
    {
        var living = new Lifetime("living", () => { });
        var ended = new Lifetime("ended", () => { });
        ended.Dispose();
        Assert.That(
            Assert.Throws<ObjectDisposedException>(() => new Lifetime("part", () => { }, living, ended))!.ObjectName, Is.EqualTo("ended"));
        living.Dispose();
    }

    [Test]
    public void A_freeing_that_disposes_its_own_lifetime_does_not_wait_for_itself()
    {
        Lifetime? lifetime = null;
        lifetime = new Lifetime("thing", () => lifetime!.Dispose());
        Assert.That(Dispose(lifetime).Wait(Patience));
    }

    [Test]
    public void Disposing_asynchronously_begins_at_once_and_does_not_block()
    {
        int freed = 0;
        var lifetime = new Lifetime("thing", () => freed++);
        Assert.That(lifetime.TryEnter());
        Task disposing = lifetime.DisposeAsync().AsTask();
        Assert.That((lifetime.IsClosed, disposing.IsCompleted), Is.EqualTo((true, false)));
        lifetime.Exit();
        Assert.That(disposing.Wait(Patience));
        Assert.That(freed, Is.EqualTo(1));
        Assert.That(lifetime.DisposeAsync().AsTask().IsCompleted);
    }

    [Test]
    public void Leases_of_many_threads_all_end_before_the_freeing()
    {
        for (int round = 0; round < 200; round++)
        {
            int inside = 0;
            int seen = -1;
            var lifetime = new Lifetime("thing", () => seen = Volatile.Read(ref inside));
            Task[] users = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                while (lifetime.TryEnter())
                {
                    Interlocked.Increment(ref inside);
                    Interlocked.Decrement(ref inside);
                    lifetime.Exit();
                }
            }))];
            Thread.SpinWait(round * 10);
            lifetime.Dispose();
            Assert.That(seen, Is.Zero);
            Assert.That(Task.WaitAll(users, Patience));
        }
    }

    [Test]
    public void A_lease_allocates_nothing()
    {
        var lifetime = new Lifetime("thing", () => { });
        Assert.That(Least.Allocated(() => Enter(lifetime, 1000)), Is.Zero);
        lifetime.Dispose();
    }

    private static void Enter(Lifetime lifetime, int times)
    {
        for (int i = 0; i < times; i++)
        {
            using Lifetime.Lease lease = lifetime.Enter();
        }
    }

    private static Task Dispose(Lifetime lifetime) =>
        Task.Factory.StartNew(lifetime.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

namespace VkInfer.Tests.Lifetimes;

/// <summary>
/// Disposal of what is in use: it returns, everything is free, and who was at work gets <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class DisposalTests : LifetimeFixture
{
    [TestCase(0)]
    [TestCase(5)]
    [TestCase(40)]
    [TestCase(150)]
    public void A_model_disposed_while_others_work_with_it(int after)
    {
        Model model = Load();
        Session prompted = model.CreateSession();
        Session decoded = model.CreateSession();
        Session streamed = model.CreateSession();
        Session[] batched = [model.CreateSession(), model.CreateSession()];
        Array.ForEach(batched, session => session.Append(Prompt(3)));
        decoded.Append(Prompt(3));
        SessionBatch batch = model.CreateBatch(batched);
        var chat = new ChatSession(model);
        Task<Exception>[] users =
        [
            UntilItThrows(() =>
            {
                prompted.Append(Prompt(200));
                prompted.Reset();
            }),
            UntilItThrows(() =>
            {
                decoded.NextToken(SamplingOptions.Greedy);
                Restart(decoded);
            }),
            UntilItThrows(() =>
            {
                batch.NextTokens(new int[2], SamplingOptions.Greedy);
                Array.ForEach(batched, Restart);
            }),
            UntilItThrows(() => model.CreateSession().Dispose()),
            UntilItThrows(() => streamed.Fork().Dispose()),
            UntilItThrows(() => model.CalibrateSoftmax(Prompt(20))),
            UntilItThrows(() => model.TuneLinear(TimeSpan.FromMilliseconds(50))),
        ];
        Task<Exception> stream = UntilItThrows(chat.SendAsync("Hello.", Endless));
        Thread.Sleep(after);
        AssertReturns(model.Dispose);
        AssertDisposed(users);
        Assert.That(stream.Wait(Patience), "The stream hangs.");
        Assert.That(stream.Result, Is.TypeOf<ObjectDisposedException>().Or.TypeOf<InvalidDataException>());
        AssertReturns(batch.Dispose);
        AssertReturns(chat.Dispose);
        AssertReturns(model.Dispose);
        Assert.Throws<ObjectDisposedException>(() => model.CreateSession());
        Assert.Throws<ObjectDisposedException>(() => prompted.Append([5]));
    }

    [Test]
    public void Loading_goes_on_while_another_model_is_disposed()
    {
        for (int i = 0; i < 10; i++)
        {
            Model first = Load();
            Task<Model> loading = Model.LoadAsync(Model.DefaultModelPath, Options);
            Thread.Sleep(i);
            AssertReturns(first.Dispose);
            Assert.That(loading.Wait(Patience));
            using Model second = loading.Result;
            using Session session = second.CreateSession();
            session.Append(Prompt(5));
        }
    }

    [Test]
    public void A_session_disposed_during_its_prompt_leaves_the_model_to_the_others()
    {
        using Model model = Load();
        using Session other = model.CreateSession();
        other.Append(Prompt(70));
        int expected = other.NextToken(SamplingOptions.Greedy);
        for (int i = 0; i < 15; i++)
        {
            Session session = model.CreateSession();
            Task<Exception> prompting = UntilItThrows(() =>
            {
                session.Append(Prompt(150));
                session.Reset();
            });
            Thread.Sleep(3 * i);
            AssertReturns(session.Dispose);
            AssertDisposed(prompting);
            other.Reset();
            other.Append(Prompt(70));
            Assert.That(other.NextToken(SamplingOptions.Greedy), Is.EqualTo(expected));
        }
    }

    [Test]
    public void A_chat_and_its_stream_end_with_it()
    {
        using Model model = Load();
        for (int i = 0; i < 10; i++)
        {
            var chat = new ChatSession(model);
            Task<Exception> reading = UntilItThrows(chat.SendAsync("Tell me a story.", Endless));
            Thread.Sleep(5 * i);
            AssertReturns(chat.Dispose);
            Assert.That(reading.Wait(Patience), "The stream hangs.");
            Assert.That(reading.Result, Is.TypeOf<ObjectDisposedException>());
            Assert.That(UntilItThrows(chat.SendAsync("Still there?")).Result, Is.TypeOf<ObjectDisposedException>());
            Assert.That(chat.History, Has.Count.EqualTo(0).Or.Count.EqualTo(2));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_batch_ends_with_itself_and_with_its_sessions(bool batchItself)
    {
        using Model model = Load();
        for (int i = 0; i < 10; i++)
        {
            using Session first = model.CreateSession();
            using Session second = model.CreateSession();
            Session[] sessions = [first, second];
            Array.ForEach(sessions, session => session.Append(Prompt(4)));
            SessionBatch batch = model.CreateBatch(sessions);
            Task<Exception> stepping = UntilItThrows(() =>
            {
                batch.NextTokens(new int[2], SamplingOptions.Greedy);
                Array.ForEach(sessions, Restart);
            });
            Thread.Sleep(2 * i);
            AssertReturns(batchItself ? batch.Dispose : second.Dispose);
            AssertDisposed(stepping);
            first.NextToken(SamplingOptions.Greedy);
            batch.Dispose();
        }
    }

    [Test]
    public void Everything_is_disposed_in_any_order_twice_and_by_many_threads()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            Model model = Load();
            Session session = model.CreateSession();
            session.Append(Prompt(5));
            Session fork = session.Fork();
            SessionBatch batch = model.CreateBatch(session, fork);
            var chat = new ChatSession(model);
            IDisposable[] all = [model, session, fork, batch, chat, model, session, fork, batch, chat];
            new Random(seed).Shuffle(all);
            AssertReturns(() => Parallel.ForEach(all, thing => thing.Dispose()));
        }
    }

    [Test]
    public async Task Disposing_asynchronously_frees_the_same()
    {
        Model model = Load();
        Session session = model.CreateSession();
        session.Append(Prompt(5));
        SessionBatch batch = model.CreateBatch(session);
        var chat = new ChatSession(model);
        Task<Exception> reading = UntilItThrows(chat.SendAsync("Hello.", Endless));
        await batch.DisposeAsync();
        await session.DisposeAsync();
        await chat.DisposeAsync();
        Assert.That(await reading, Is.TypeOf<ObjectDisposedException>());
        await model.DisposeAsync();
        await model.DisposeAsync();
    }

    [Test]
    public void A_disposed_session_leaves_its_memory_to_others_at_once()
    {
        using Model model = Model.LoadDefault(Options with { ContextLength = 1024 });
        long before = 0;
        for (int i = 0; i < 4; i++)
        {
            using (Session session = model.CreateSession())
            {
                session.Append(Prompt(40));
                session.NextToken();
            }

            long allocated = Gpu.GetMemoryBudget().AllocatedByThisDevice;
            before = i == 0 ? allocated : before;
            Assert.That(allocated, Is.EqualTo(before));
        }
    }

    // A session that decodes for ever would come to the end of its cache.
    private static void Restart(Session session)
    {
        if (session.Position > 100)
        {
            session.Truncate(3);
        }
    }
}

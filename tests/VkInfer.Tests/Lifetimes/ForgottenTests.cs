using System.Runtime.CompilerServices;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Lifetimes;

/// <summary>
/// What is forgotten without disposal gives back its memory and its threads; an enumerator that is dropped holds nothing at all.
/// </summary>
public sealed class ForgottenTests : LifetimeFixture
{
    [Test]
    public void Forgotten_sessions_and_batches_give_their_pages_back()
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        int Held() => session.Engine.Engine.InvokeAsync((_, pool) => pool.Held).GetAwaiter().GetResult();
        for (int i = 0; i < 10; i++)
        {
            Assert.That(Forget(model, Held), Is.Positive);
        }

        AssertCollected(Held, 0, "Nobody freed them.");
        session.Append(Prompt(5));
    }

    [Test]
    public void Forgotten_models_give_their_memory_back()
    {
        (int, int) before = Live;
        for (int i = 0; i < 5; i++)
        {
            ForgetModel();
        }

        AssertCollected(() => Live, before, "Nobody freed them.");
    }

    [Test]
    public void A_model_that_is_forgotten_but_for_a_session_goes_on()
    {
        Session session = SessionOfForgottenModel();
        Collect();
        session.Append(Prompt(70));
        session.NextToken();
        session.Dispose();
    }

    [Test]
    public void A_session_that_only_its_own_call_knows_is_not_collected_under_it()
    {
        using Model model = Load();
        Task collecting = Task.Run(() =>
        {
            for (int i = 0; i < 30; i++)
            {
                Collect();
                Thread.Sleep(2);
            }
        });
        while (!collecting.IsCompleted)
        {
            model.CreateSession(new SessionOptions { Capacity = 128 }).Append(Prompt(100));
        }

        collecting.GetAwaiter().GetResult();
    }

    [Test]
    public async Task A_dropped_enumerator_leaves_its_session_to_others_and_no_thread()
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        var dropped = new List<IAsyncEnumerator<GenerationUpdate>>();
        for (int i = 0; i < 20; i++)
        {
            session.Reset();
            IAsyncEnumerator<GenerationUpdate> stream = session.GenerateAsync(Prompt(4), Endless).GetAsyncEnumerator();
            Assert.That(await stream.MoveNextAsync());
            dropped.Add(stream);
        }

        session.Reset();
        session.Append(Prompt(5));
        session.NextToken();
        Assert.That(async () => await dropped[^1].MoveNextAsync(), Throws.InvalidOperationException);
        Assert.That(() => session.Engine.Engine.ThreadCount, Is.Zero.After(Patience, 50));
    }

    [Test]
    public async Task A_stream_of_which_only_the_thread_knew_ends_with_its_model()
    {
        SessionEngine engine;
        using (Model model = Load())
        {
            Session session = model.CreateSession();
            engine = session.Engine;
            IAsyncEnumerator<GenerationUpdate> stream = session.GenerateAsync(Prompt(4), Endless).GetAsyncEnumerator();
            await stream.MoveNextAsync();
        }

        Assert.That(engine.Engine.ThreadCount, Is.Zero);
    }

    [Test]
    public async Task A_dropped_answer_of_a_chat_stays_as_far_as_it_came_and_the_chat_goes_on()
    {
        using Model model = Load();
        using var chat = new ChatSession(model);
        IAsyncEnumerator<GenerationUpdate> untouched = chat.SendAsync("Never asked for.", Endless).GetAsyncEnumerator();
        Assert.That(chat.History, Is.Empty);
        IAsyncEnumerator<GenerationUpdate> dropped = chat.SendAsync("Hello.", Endless).GetAsyncEnumerator();
        string seen = string.Empty;
        for (int i = 0; i < 3; i++)
        {
            Assert.That(await dropped.MoveNextAsync());
            seen += dropped.Current.Text;
        }

        TemplateMessage[] turn = [new(TemplateRole.User, "Hello."), new(TemplateRole.Assistant, seen)];
        Assert.That(chat.History, Is.EqualTo(turn));
        var text = new System.Text.StringBuilder();
        await foreach (GenerationUpdate update in chat.SendAsync("And now?", new GenerationOptions { MaxTokens = 5 }))
        {
            text.Append(update.Text);
        }

        Assert.That(chat.History, Is.EqualTo(
            (TemplateMessage[])[.. turn, new(TemplateRole.User, "And now?"), new(TemplateRole.Assistant, text.ToString())]));
        Assert.That(async () => await dropped.MoveNextAsync(), Throws.InvalidOperationException);
        Assert.That(chat.History, Has.Count.EqualTo(4));
        await untouched.DisposeAsync();
    }

    [Test]
    public async Task A_second_message_while_an_update_is_waited_for_is_refused_and_changes_nothing()
    {
        using Model model = Load();
        using var chat = new ChatSession(model);
        IAsyncEnumerator<GenerationUpdate> first = chat.SendAsync("Hello.", Endless).GetAsyncEnumerator();
        Task<bool> waiting = first.MoveNextAsync().AsTask();
        Assert.That(async () => await chat.SendAsync("And this?").GetAsyncEnumerator().MoveNextAsync(), Throws.InvalidOperationException);
        Assert.That(await waiting);
        Assert.That(await first.MoveNextAsync());
        Assert.That(chat.History, Has.Count.EqualTo(2));
        await first.DisposeAsync();
    }

    /// <returns>What is there before it is forgotten.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Forget(Model model, Func<int> held)
    {
        Session session = model.CreateSession();
        session.Append(Prompt(5));
        SessionBatch batch = model.CreateBatch(session, session.Fork());
        model.CreateSession();
        int pages = held();
        GC.KeepAlive(batch);
        return pages;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetModel()
    {
        Model model = Load();
        Session session = model.CreateSession();
        session.Append(Prompt(70));
        session.NextToken();
        model.CreateBatch(session);
        _ = new ChatSession(model);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Session SessionOfForgottenModel() => Load().CreateSession();
}

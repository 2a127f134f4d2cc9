namespace VkInfer.Tests.Lifetimes;

/// <summary>What a user's code does while it is called holds nobody else, whatever it is.</summary>
public sealed class CallbackTests : LifetimeFixture
{
    [Test]
    public void A_callback_of_logits_may_use_other_sessions()
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        using Session other = model.CreateSession();
        int rows = 0;
        AssertReturns(() => session.ComputeLogits(Prompt(90), (index, _) =>
        {
            if (index % 30 == 0)
            {
                other.Append(Prompt(70));
                other.NextToken();
                other.Reset();
            }

            rows++;
        }));
        Assert.That(rows, Is.EqualTo(90));
    }

    [Test]
    public void A_callback_that_takes_its_time_stops_no_prompt_of_another_session()
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        using Session other = model.CreateSession();
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Task computing = Task.Run(() => session.ComputeLogits(Prompt(3), (_, _) =>
        {
            inside.Set();
            release.Wait();
        }));
        Assert.That(inside.Wait(Patience));
        AssertReturns(() => other.Append(Prompt(70)));
        Assert.Throws<InvalidOperationException>(() => session.Append([5]));
        release.Set();
        Assert.That(computing.Wait(Patience));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_callback_may_dispose_its_session_and_its_model(bool wholeModel)
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        int rows = 0;
        Exception? thrown = Caught(() => session.ComputeLogits(Prompt(90), (_, _) =>
        {
            rows++;
            ((IDisposable)(wholeModel ? model : session)).Dispose();
        }));
        Assert.That(thrown, Is.TypeOf<ObjectDisposedException>());
        Assert.That(rows, Is.EqualTo(1));
    }

    [Test]
    public void A_callback_may_wait_for_a_thread_that_disposes_its_model()
    {
        Model model = Load();
        Session session = model.CreateSession();
        Exception? thrown = Caught(() => session.ComputeLogits(Prompt(5), (_, _) => AssertReturns(model.Dispose)));
        Assert.That(thrown, Is.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_callback_that_never_returns_does_not_hold_up_disposal()
    {
        Model model = Load();
        Session session = model.CreateSession();
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Task<Exception> computing = UntilItThrows(() => session.ComputeLogits(Prompt(5), (_, _) =>
        {
            inside.Set();
            release.Wait();
        }));
        Assert.That(inside.Wait(Patience));
        AssertReturns(session.Dispose);
        AssertReturns(model.Dispose);
        release.Set();
        AssertDisposed(computing);
    }

    [Test]
    public void What_a_callback_throws_its_caller_gets_and_the_session_stands_where_it_stood()
    {
        using Model model = Load();
        using Session session = model.CreateSession();
        session.Append(Prompt(4));
        Exception? thrown = Caught(() => session.ComputeLogits(Prompt(70), (index, _) =>
        {
            if (index == 65)
            {
                throw new InvalidDataException("mine");
            }
        }));
        Assert.That(thrown, Is.TypeOf<InvalidDataException>());
        Assert.That(session.Position, Is.EqualTo(4));
        session.NextToken();
    }

    [Test]
    public void A_progress_of_loading_may_dispose_another_model_and_take_its_time()
    {
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Model other = Load();
        var progress = new Told(_ =>
        {
            other.Dispose();
            inside.Set();
            release.Wait();
        });
        Task<Model> loading = Model.LoadAsync(Model.DefaultModelPath, Options, progress);
        Assert.That(inside.Wait(Patience));
        AssertReturns(() => Load().Dispose());
        release.Set();
        Assert.That(loading.Wait(Patience));
        loading.Result.Dispose();
    }

    [Test]
    public void A_progress_of_tuning_does_not_hold_up_disposal()
    {
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Model model = Load();
        var progress = new Told(_ =>
        {
            inside.Set();
            release.Wait();
        });
        Task<Exception> tuning = UntilItThrows(() => model.TuneLinear(TimeSpan.FromSeconds(5), progress));
        Assert.That(inside.Wait(Patience));
        AssertReturns(model.Dispose);
        release.Set();
        AssertDisposed(tuning);
    }

    [Test]
    public async Task The_body_of_a_stream_may_dispose_what_it_reads_from()
    {
        Model model = Load();
        Session session = model.CreateSession();
        int updates = 0;
        Exception? thrown = null;
        try
        {
            await foreach (GenerationUpdate update in session.GenerateAsync(Prompt(4), Endless))
            {
                updates++;
                model.Dispose();
            }
        }
        catch (ObjectDisposedException exception)
        {
            thrown = exception;
        }

        Assert.That((updates, thrown), Is.EqualTo((1, thrown)).And.Not.EqualTo((1, (Exception?)null)));
    }

    private static Exception? Caught(Action action)
    {
        Exception? caught = null;
        AssertReturns(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                caught = exception;
            }
        });
        return caught;
    }

    private sealed class Told(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}

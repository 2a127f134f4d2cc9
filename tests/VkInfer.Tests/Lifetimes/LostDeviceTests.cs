using VkInfer.Vulkan;

namespace VkInfer.Tests.Lifetimes;

/// <summary>A lost device: all that is on it says so, is disposed like anything else, and the next model has another device.</summary>
[NonParallelizable]
public sealed class LostDeviceTests
{
    private const int Patience = 60_000;
    private const int ErrorDeviceLost = -4;

    private static ModelOptions Options => new()
    {
        Device = TestModels.Device,
        Validation = TestModels.Validation,
        ContextLength = 256,
        PrefillChunk = 64,
    };

    [TestCase("vkQueueSubmit2")]
    [TestCase("vkWaitSemaphores")]
    [TestCase("vkBeginCommandBuffer")]
    public void Everybody_on_a_lost_device_is_told_and_disposal_works(string operation)
    {
        Model model = Model.LoadDefault(Options);
        Session[] sessions = [.. Enumerable.Range(0, 3).Select(_ => model.CreateSession())];
        Task<Exception?>[] users = [.. sessions.Select(session => Task.Run(() => Caught(() =>
        {
            while (true)
            {
                session.Append([5, 6, 7, 8]);
                session.NextToken();
                session.Reset();
            }
        })))];
        Thread.Sleep(20);
        Lose(model, operation);
        Assert.That(Task.WaitAll(users, Patience), "A thread hangs.");
        Assert.That(users.Select(user => user.Result), Is.All.TypeOf<DeviceLostException>());
        using Session late = model.CreateSession();
        Assert.Throws<DeviceLostException>(() => late.Append([5, 6, 7]));
        AssertDisposable(model, sessions);
    }

    [Test]
    public void A_device_lost_while_idle_is_told_to_the_next_call_and_not_given_to_the_next_model()
    {
        Model model = Model.LoadDefault(Options);
        Session session = model.CreateSession();
        session.Append([5, 6, 7]);
        SessionBatch batch = model.CreateBatch(session);
        Lose(model, "vkQueueSubmit2");
        using (Model next = Model.LoadDefault(Options))
        {
            Assert.That(next.Gpu, Is.Not.SameAs(model.Gpu));
            using Session works = next.CreateSession();
            works.Append([5, 6, 7]);
            works.NextToken();
            Assert.Throws<DeviceLostException>(() => session.NextToken());
            Assert.Throws<DeviceLostException>(() => batch.NextTokens(new int[1]));
            works.NextToken();
        }

        AssertDisposable(model, batch, session);
    }

    [Test]
    public void What_is_on_a_device_lost_while_idle_is_disposed_by_those_who_never_knew()
    {
        Model model = Model.LoadDefault(Options);
        Session session = model.CreateSession();
        session.Append([5, 6, 7]);
        Lose(model, "vkGetSemaphoreCounterValue");
        AssertDisposable(session, model);
    }

    private static void Lose(Model model, string operation) =>
        (model.Gpu.Context.FaultResult, model.Gpu.Context.FaultOperation) = (ErrorDeviceLost, operation);

    private static void AssertDisposable(IDisposable first, params IDisposable[] rest) => Assert.That(
        Task.Run(() => Array.ForEach([first, .. rest], thing => thing.Dispose())).Wait(Patience), "Disposal hangs.");

    private static Exception? Caught(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }
}

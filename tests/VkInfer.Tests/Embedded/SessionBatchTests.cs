using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Embedded;

/// <summary>Sessions that advance together give what each gives alone.</summary>
public sealed class SessionBatchTests : EmbeddedFixture
{
    private readonly List<Session> _sessions = [];

    [TearDown]
    public void Close()
    {
        _sessions.ForEach(session => session.Dispose());
        _sessions.Clear();
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    [TestCase(17)]
    public void A_batch_gives_what_each_session_gives_alone(int count)
    {
        RequireFloat32();
        SamplingOptions sampling = count % 2 == 0 ? Drawn : SamplingOptions.Greedy;
        int[][] alone = [.. Enumerable.Range(0, count).Select(i => Take(Open(i), 12, sampling))];
        Close();
        Session[] sessions = [.. Enumerable.Range(0, count).Select(Open)];
        using SessionBatch batch = Model.CreateBatch(sessions);
        int[][] together = Take(batch, 12, sampling);
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(sessions.Select(session => session.Tokens.TakeLast(12)), Is.EqualTo(alone));
    }

    [Test]
    public void Sessions_of_any_cache_and_softmax_share_a_batch()
    {
        RequireFloat32();
        SessionOptions[] kinds =
        [
            new() { KvType = KvType.F32, Softmax = SoftmaxChoice.Synchronized, Capacity = 300 },
            new() { KvType = KvType.F16, Softmax = SoftmaxChoice.Asynchronized },
            new() { KvType = KvType.F32, Softmax = SoftmaxChoice.Conditional },
            new() { KvType = KvType.F16, Softmax = SoftmaxChoice.Synchronized, Capacity = 60 },
            new() { KvType = KvType.F16, Softmax = SoftmaxChoice.Asynchronized, Capacity = 90 },
            new() { KvType = KvType.Q8_0, Softmax = SoftmaxChoice.Synchronized },
        ];
        int[][] alone = [.. kinds.Select((options, i) => Take(Open(i, options), 12, SamplingOptions.Greedy))];
        Close();
        using SessionBatch batch = Model.CreateBatch([.. kinds.Select((options, i) => Open(i, options))]);
        Assert.That(Take(batch, 12, SamplingOptions.Greedy), Is.EqualTo(alone));
    }

    [Test]
    public void Sessions_go_on_alone_and_come_back()
    {
        RequireFloat32();
        int[] expected = Take(Open(0), 12, SamplingOptions.Greedy);
        Session[] sessions = [Open(0), Open(1)];
        using SessionBatch batch = Model.CreateBatch(sessions);
        Take(batch, 3, SamplingOptions.Greedy);
        Take(sessions[0], 2, SamplingOptions.Greedy);
        sessions[1].Append(Prompt(2, 9));
        Take(batch, 4, SamplingOptions.Greedy);
        sessions[0].NextTokenCore(SamplingOptions.Greedy, 2, CancellationToken.None);
        Take(batch, 2, SamplingOptions.Greedy);
        Assert.That(sessions[0].Tokens.TakeLast(12), Is.EqualTo(expected));
    }

    [Test]
    public void A_full_session_stops_the_batch_before_any_moves_on()
    {
        Session[] sessions = [Open(0), Model.CreateSession(new SessionOptions { Capacity = 10 })];
        _sessions.Add(sessions[1]);
        sessions[1].Append(Prompt(1, 8));
        using SessionBatch batch = Model.CreateBatch(sessions);
        Take(batch, 2, SamplingOptions.Greedy);
        int before = sessions[0].Position;
        Assert.That(() => Take(batch, 1, SamplingOptions.Greedy), Throws.TypeOf<ContextLengthExceededException>());
        Assert.That(sessions[0].Position, Is.EqualTo(before));
        Take(sessions[0], 1, SamplingOptions.Greedy);
    }

    [Test]
    public void Cancellation_moves_no_session_on()
    {
        RequireFloat32();
        int[] expected = Take(Open(0), 4, SamplingOptions.Greedy);
        Session[] sessions = [Open(0), Open(1)];
        using SessionBatch batch = Model.CreateBatch(sessions);
        Take(batch, 2, SamplingOptions.Greedy);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        int before = sessions[0].Position;
        Assert.That(
            () => batch.NextTokens(new int[2], SamplingOptions.Greedy, cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(sessions[0].Position, Is.EqualTo(before));
        Take(batch, 2, SamplingOptions.Greedy);
        Assert.That(sessions[0].Tokens.TakeLast(4), Is.EqualTo(expected));
    }

    [Test]
    public void Misuse_is_refused()
    {
        Session[] sessions = [Open(0), Open(1)];
        using SessionBatch batch = Model.CreateBatch(sessions);
        Assert.That(() => Model.CreateBatch(), Throws.ArgumentException);
        Assert.That(() => Model.CreateBatch(sessions[0], sessions[0]), Throws.ArgumentException.With.Message.Contain("twice"));
        Assert.That(() => batch.NextTokens(new int[3]), Throws.ArgumentException);
        using (sessions[1].Enter())
        {
            Assert.That(() => batch.NextTokens(new int[2]), Throws.InvalidOperationException);
        }

        batch.NextTokens(new int[2]);
        sessions[1].Dispose();
        Assert.That(() => batch.NextTokens(new int[2]), Throws.TypeOf<ObjectDisposedException>());
        sessions[0].NextToken();
    }

    [Test]
    public void A_step_takes_one_submit_and_allocates_nothing()
    {
        Session[] sessions = [Open(0), Open(1), Open(2)];
        using SessionBatch batch = Model.CreateBatch(sessions);
        using CommandList marker = Model.Gpu.CreateCommandList("marker");
        marker.Record(_ => { });
        Take(batch, 3, SamplingOptions.Greedy);
        ulong first = Model.Gpu.Submit(marker).Value;
        Take(batch, 5, SamplingOptions.Greedy);
        Assert.That(Model.Gpu.Submit(marker).Value - first, Is.EqualTo(6));

        int[] tokens = new int[3];
        long allocated = Least.Allocated(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                batch.NextTokens(tokens, SamplingOptions.Greedy);
            }
        });
        Assert.That(allocated, Is.Zero);
    }

    private static int[][] Take(SessionBatch batch, int count, SamplingOptions sampling)
    {
        int[][] taken = [.. batch.Sessions.Select(_ => new int[count])];
        int[] tokens = new int[batch.Sessions.Count];
        for (int i = 0; i < count; i++)
        {
            batch.NextTokens(tokens, sampling);
            for (int j = 0; j < tokens.Length; j++)
            {
                taken[j][i] = tokens[j];
            }
        }

        return taken;
    }

    /// <summary>On matrix units a batch rounds its activations to float16, and a token may turn out another where two are close.</summary>
    private void RequireFloat32()
    {
        if (Model.MatrixTypes.Any(type => type == Kernels.ActivationType.F16))
        {
            Assert.Inconclusive("the device multiplies in float16: tokens may differ where two are close");
        }
    }

    // Lengths and capacities differ.
    private Session Open(int index) => Open(index, new SessionOptions { Capacity = 96 + (8 * index) });

    private Session Open(int index, SessionOptions options)
    {
        Session session = Model.CreateSession(options);
        _sessions.Add(session);
        session.Append(Prompt(index, 1 + (index * 5 % 23)));
        return session;
    }
}

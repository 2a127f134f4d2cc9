using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Tests.Embedded;

/// <summary>Sessions whose keys and values are bytes with scales, in all that is done with pages.</summary>
public sealed class QuantisedCacheTests : EmbeddedFixture
{
    private static readonly SessionOptions Quantised = new() { KvType = KvType.Q8_0 };

    [Test]
    public void Pages_take_about_half_of_the_memory()
    {
        long Bytes(KvType type) => KvStore.SizeOf(Model.Config, type, 1000);
        Assert.That(Bytes(KvType.Q8_0), Is.EqualTo(Bytes(KvType.F16) * 17 / 32));
        Assert.That(Model.KvStores.Of(KvType.Q8_0).PageBytes, Is.EqualTo(Model.KvStores.Of(KvType.F16).PageBytes * 17 / 32));
    }

    [Test]
    public void A_fork_goes_on_as_its_session_does_and_keeps_its_own()
    {
        using Session session = Model.CreateSession(Quantised);
        session.Append(Prompt(0, 75));
        using Session fork = session.Fork();
        using Session other = session.Fork();
        int[] expected = Take(session, 20, SamplingOptions.Greedy);
        other.Append(Prompt(3, 30));
        Assert.That(Take(fork, 20, SamplingOptions.Greedy), Is.EqualTo(expected));
    }

    [Test]
    public void A_session_goes_on_where_it_was_saved()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("session");
        using Session session = Model.CreateSession(Quantised);
        session.Append(Prompt(3, 77));
        Take(session, 5, SamplingOptions.Greedy);
        session.Save(path);
        int[] expected = Take(session, 30, SamplingOptions.Greedy);
        using (Session loaded = Model.LoadSession(path, Quantised))
        {
            Assert.That(Take(loaded, 30, SamplingOptions.Greedy), Is.EqualTo(expected));
        }

        Assert.That(
            () => Model.LoadSession(path),
            Throws.InstanceOf<SessionFileException>().With.Message.Contains("of type Q8_0; expected F16"));
    }

    [Test]
    public async Task Prefixes_are_shared_by_sessions_of_the_type_alone()
    {
        async Task<int> Cached(SessionOptions options)
        {
            using Session session = Model.CreateSession(options);
            Usage? usage = null;
            await foreach (GenerationUpdate update in session.GenerateAsync(Prompt(9, 70), new GenerationOptions { MaxTokens = 2 }))
            {
                usage = update.Usage;
            }

            return usage!.CachedTokens;
        }

        await Cached(Quantised);
        Assert.That(await Cached(Quantised), Is.InRange(64, 69));
        Assert.That(await Cached(new SessionOptions()), Is.Zero);
    }
}

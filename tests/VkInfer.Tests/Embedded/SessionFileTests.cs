using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Tests.Hostile;

namespace VkInfer.Tests.Embedded;

/// <summary>A saved session goes on where it stood, and a file that cannot be used is one clear error.</summary>
public sealed class SessionFileTests : EmbeddedFixture
{
    private TemporaryFolder _folder = null!;

    private string Path => _folder.PathOf("session");

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_session_goes_on_where_it_was_saved([Values(1, 32, 77)] int length)
    {
        int[] expected;
        using (Session session = Model.CreateSession())
        {
            session.Append(Prompt(3, length));
            Take(session, 5, SamplingOptions.Greedy);
            session.Save(Path);
            expected = Take(session, 30, SamplingOptions.Greedy);
        }

        using Session loaded = Model.LoadSession(Path);
        Assert.That(loaded.Position, Is.EqualTo(length + 5));
        Assert.That(Take(loaded, 30, SamplingOptions.Greedy), Is.EqualTo(expected));
    }

    [Test]
    public async Task What_was_saved_is_not_computed_again()
    {
        using (Session session = Model.CreateSession())
        {
            session.Append(Prompt(7, 90));
            session.Save(Path);
        }

        // Another model object: nothing is known there of the tokens before.
        using Model fresh = Model.LoadDefault(Options);
        using Session loaded = fresh.LoadSession(Path);
        Usage? usage = null;
        await foreach (GenerationUpdate update in loaded.GenerateAsync(Prompt(8, 4), new GenerationOptions { MaxTokens = 3 }))
        {
            usage = update.Usage;
        }

        Assert.That(usage!.CachedTokens, Is.InRange(89, 90));
    }

    [Test]
    public void A_session_that_was_not_processed_is_saved_too()
    {
        using Session session = Model.CreateSession();
        session.Save(Path);
        using Session loaded = Model.LoadSession(Path);
        Assert.That(loaded.Position, Is.Zero);
    }

    [Test]
    public void Saving_and_loading_leave_all_other_sessions_as_they_were()
    {
        using Session session = Model.CreateSession();
        using Session other = Model.CreateSession();
        other.Append(Prompt(5, 50));
        session.Append(Prompt(6, 50));
        Session fork = session.Fork();
        int[] expected = Take(fork, 20, SamplingOptions.Greedy);
        fork.Dispose();
        Take(session, 3, SamplingOptions.Greedy);
        session.Save(Path);
        using Session loaded = Model.LoadSession(Path);
        Assert.That(Take(session, 17, SamplingOptions.Greedy), Is.EqualTo(expected[3..]));
        Assert.That(Take(loaded, 17, SamplingOptions.Greedy), Is.EqualTo(expected[3..]));
        loaded.Truncate(40);
        Assert.That(loaded.Tokens, Is.EqualTo(session.Tokens.Take(40)));
    }

    [Test]
    public void A_file_that_was_cut_or_changed_is_refused_wherever_that_is()
    {
        Save(40);
        byte[] whole = File.ReadAllBytes(Path);
        var random = new Random(1);
        foreach (int length in (int[])[0, 1, 8, 15, 16, 100, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(Path, whole[..length]);
            Refuses("");
        }

        for (int i = 0; i < 40; i++)
        {
            byte[] changed = [.. whole];
            changed[i < 20 ? random.Next(400) : random.Next(whole.Length)] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(Path, changed);
            Refuses("");
        }

        File.WriteAllBytes(Path, [.. whole, 0]);
        Refuses("expected");
        File.WriteAllText(Path, "{ \"something\": \"else entirely\" }");
        Refuses("is no saved session");
        File.WriteAllBytes(Path, whole);
        Model.LoadSession(Path).Dispose();
    }

    [Test]
    public void Another_version_is_refused()
    {
        Save(5);
        byte[] bytes = File.ReadAllBytes(Path);
        bytes[8] = 9;
        File.WriteAllBytes(Path, bytes);
        Refuses("version 9 of saved sessions; expected 1");
    }

    [Test]
    public void Another_type_of_cache_is_refused()
    {
        Save(5);
        Assert.That(
            () => Model.LoadSession(Path, new SessionOptions { KvType = KvType.F32 }),
            Throws.InstanceOf<SessionFileException>().With.Message.Contains("of type F16; expected F32"));
    }

    [Test]
    public void Another_model_is_refused()
    {
        Save(5);
        using var file = new TemporaryFile(new TinyLlama().ToArray());
        using Model other = Model.Load(file.Path, TestModels.Options());
        Assert.That(
            () => other.LoadSession(Path), Throws.InstanceOf<SessionFileException>().With.Message.Contains("model of fingerprint"));
    }

    [Test]
    public void A_session_that_is_too_small_says_so()
    {
        Save(50);
        Assert.That(
            () => Model.LoadSession(Path, new SessionOptions { Capacity = 20 }), Throws.InstanceOf<ContextLengthExceededException>());
    }

    [Test]
    public void A_file_that_could_not_be_written_leaves_the_one_before()
    {
        Save(5);
        byte[] before = File.ReadAllBytes(Path);
        using Session session = Model.CreateSession();
        session.Append(Prompt(0, 70));
        Assert.That(() => session.Save(Path, new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllBytes(Path), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(_folder.FullName), Has.Length.EqualTo(1));
    }

    private void Save(int length)
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt(0, length));
        session.Save(Path);
    }

    private void Refuses(string message) => Assert.That(
        () => Model.LoadSession(Path), Throws.InstanceOf<SessionFileException>().With.Message.Contains(message));
}

using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using VkInfer.Samples.Desktop.Models;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>Models are exchanged while others wait for them, load or answer.</summary>
public sealed class ModelSwitchTests
{
    private static readonly ChatOptions Greedy = new() { Temperature = 0, MaxOutputTokens = 200 };

    private TemporaryFolder _folder = null!;
    private ModelStore _store = null!;
    private ModelSwitch _models = null!;

    [SetUp]
    public void Create()
    {
        _folder = new TemporaryFolder();
        _store = new ModelStore(new ModelStoreOptions { Folder = _folder.FullName, Offline = true });
        _models = new ModelSwitch(_store, NullLoggerFactory.Instance);
    }

    [TearDown]
    public async Task EndAsync()
    {
        await _models.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_last_choice_wins()
    {
        _models.Load(Choice(null, 256));
        _models.Load(Choice(_folder.PathOf("none.gguf"), 256));
        _models.Load(Choice(null, 128));
        using var client = new SelectedChatClient(_models);
        ChatResponse answer = await client.GetResponseAsync("What is 27 + 45?", Greedy);
        Assert.That(answer.Text, Does.Contain("72"));
        Assert.That(_models.State, Is.TypeOf<ModelReady>().With.Property(nameof(ModelReady.ContextLength)).EqualTo(128));
    }

    [Test]
    public async Task A_loading_that_failed_is_tried_again()
    {
        string path = _folder.PathOf("late.gguf");
        _models.Load(Choice(path, 128));
        Assert.That(() => _models.GetClientAsync(default), Throws.InstanceOf<FileNotFoundException>());
        Assert.That(_models.State, Is.TypeOf<ModelFailed>());
        File.Copy(Model.DefaultModelPath, path);
        IChatClient client = await _models.GetClientAsync(default);
        Assert.That((await client.GetResponseAsync("What is 27 + 45?", Greedy)).Text, Does.Contain("72"));
    }

    [Test]
    public async Task An_answer_ends_when_its_model_goes()
    {
        _models.Load(Choice(null, 256));
        using var client = new SelectedChatClient(_models);
        await using IAsyncEnumerator<ChatResponseUpdate> answer =
            client.GetStreamingResponseAsync("Tell me a story about a fox.", Greedy).GetAsyncEnumerator();
        Assert.That(await answer.MoveNextAsync(), Is.True);
        _models.Load(Choice(null, 128));
        Assert.That(
            async () =>
            {
                while (await answer.MoveNextAsync())
                {
                    // Pieces that were ready before.
                }
            },
            Throws.InstanceOf<ObjectDisposedException>());
        await _models.GetClientAsync(default);
    }

    [Test]
    public async Task A_wait_is_given_up_and_the_model_loads_on()
    {
        _models.Load(Choice(null, 128));
        Assert.That(() => _models.GetClientAsync(new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        await _models.GetClientAsync(default);
    }

    [Test]
    public void Before_a_choice_there_is_no_model() =>
        Assert.That(() => _models.GetClientAsync(default), Throws.InvalidOperationException);

    private static ModelChoice Choice(string? model, int contextLength) => new(model, DesktopRun.Settings.Device, contextLength);
}

using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>The embedded model, loaded once for all fixtures.</summary>
[SetUpFixture]
internal sealed class MiniModel
{
    /// <summary>Greedy, so that answers are the same each time.</summary>
    public static ChatOptions Greedy => new() { Temperature = 0, MaxOutputTokens = 64 };

    /// <summary>The client of all tests that need none of their own.</summary>
    public static VkInferChatClient Client { get; private set; } = null!;

    /// <summary>The model of <see cref="Client"/>.</summary>
    public static Model Model { get; private set; } = null!;

    /// <summary>Options of a client on the device that tests run on.</summary>
    public static VkInferOptions Options() => new()
    {
        Device = Environment.GetEnvironmentVariable("VKINFER_TEST_DEVICE") is { Length: > 0 } device ? device : "software",
        Validation = Environment.GetEnvironmentVariable("VKINFER_VALIDATION") == "1",
        ContextLength = 256,
        PrefillChunk = 64,
    };

    /// <summary>A question.</summary>
    public static ChatMessage User(string text) => new(ChatRole.User, text);

    [OneTimeSetUp]
    public async Task LoadAsync()
    {
        Model = await Model.LoadDefaultAsync(Options());
        Client = new VkInferChatClient(Model, Options());
    }

    [OneTimeTearDown]
    public async Task UnloadAsync()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        if (Model is not null)
        {
            string[] messages = [.. Model.ValidationMessages];
            await Model.DisposeAsync();
            Assert.That(messages, Is.Empty);
        }
    }
}

using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Many callers at once, callers that leave, and the end of a client.</summary>
public sealed class ConcurrencyTests
{
    [Test]
    public async Task Thirty_two_calls_at_once_are_each_right()
    {
        Task<ChatResponse>[] calls =
            [.. Enumerable.Range(10, 32).Select(n => MiniModel.Client.GetResponseAsync($"What is {n} + 45?", MiniModel.Greedy))];
        ChatResponse[] answers = await Task.WhenAll(calls);
        Assert.That(answers.Select((answer, i) => answer.Text.Contains($"{i + 55}", StringComparison.Ordinal)), Has.All.True);
        Assert.That((await MiniModel.Client.Host.GetAsync(default)).Count, Is.LessThanOrEqualTo(4));
    }

    [Test]
    public async Task A_cancelled_call_ends_and_gives_its_place_to_others()
    {
        using VkInferChatClient client = One();
        for (int round = 0; round < 3; round++)
        {
            using var cancellation = new CancellationTokenSource();
            IAsyncEnumerator<ChatResponseUpdate> running = client
                .GetStreamingResponseAsync("Tell me a story.", new ChatOptions { MaxOutputTokens = 200 }, cancellation.Token)
                .GetAsyncEnumerator(cancellation.Token);
            Assert.That(await running.MoveNextAsync(), Is.True);
            Task<ChatResponse> waiting = client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy);
            using var left = new CancellationTokenSource();
            Task<ChatResponse> leaves = client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy, left.Token);
            await left.CancelAsync();
            Assert.That(() => leaves, Throws.InstanceOf<OperationCanceledException>());
            Assert.That(waiting.IsCompleted, Is.False);
            await cancellation.CancelAsync();
            Assert.That(async () => await running.MoveNextAsync(), Throws.InstanceOf<OperationCanceledException>());
            await running.DisposeAsync();
            Assert.That((await waiting).Text, Does.Contain("72"));
        }
    }

    [Test]
    public async Task A_stream_that_is_left_gives_its_place_to_others()
    {
        using VkInferChatClient client = One();
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("Tell me a story."))
        {
            break;
        }

        Assert.That((await client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    [Test]
    public async Task Disposing_ends_calls_that_run_and_calls_that_wait()
    {
        var client = new VkInferChatClient(MiniModel.Options());
        await client.LoadAsync();
        Task<ChatResponse>[] calls = [.. Enumerable.Range(0, 8).Select(_ => client.GetResponseAsync("Tell me a story."))];
        await Task.WhenAny([.. calls, Task.Delay(200)]);
        await client.DisposeAsync();
        foreach (Task<ChatResponse> call in calls)
        {
            try
            {
                await call;
            }
            catch (ObjectDisposedException)
            {
            }
        }

        Assert.That(() => client.GetResponseAsync("Hello."), Throws.InstanceOf<ObjectDisposedException>());
        client.Dispose();
    }

    private static VkInferChatClient One()
    {
        VkInferClientOptions options = MiniModel.Options();
        options.MaxConcurrentRequests = 1;
        return new VkInferChatClient(MiniModel.Model, options);
    }
}

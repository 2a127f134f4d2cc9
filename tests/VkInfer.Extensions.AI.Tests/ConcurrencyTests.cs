using System.Diagnostics;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Many callers at once, callers that leave, and the end of a client. Nobody else is to use the engine meanwhile.</summary>
[NonParallelizable]
public sealed class ConcurrencyTests
{
    private const string Question = "What is 27 + 45?";

    [Test]
    public async Task Thirty_two_streams_at_once_are_each_right_and_share_their_steps()
    {
        using var engine = new EngineWatch();
        long before = engine.Steps;
        Task<ChatResponse>[] calls =
            [.. Enumerable.Range(10, 32).Select(n => StreamAsync($"What is {n} + 45?", MiniModel.Greedy))];
        ChatResponse[] answers = await Task.WhenAll(calls);
        Assert.That(answers.Select((answer, i) => answer.Text.Contains($"{i + 55}", StringComparison.Ordinal)), Has.All.True);

        // One by one they would take a step for each token; together, a few prompts enter with each step, and then all go on at once.
        long tokens = answers.Sum(answer => answer.Usage!.OutputTokenCount!.Value);
        Assert.That(engine.Steps - before, Is.LessThan(tokens / 4));
    }

    [Test]
    public async Task The_beginning_that_calls_share_is_computed_once()
    {
        string system = string.Concat(Enumerable.Repeat("You are a kind owl who likes to answer. ", 8));
        ChatMessage[] messages = [new(ChatRole.System, system), MiniModel.User("Who are you?")];
        UsageDetails first = (await MiniModel.Client.GetResponseAsync(messages, MiniModel.Greedy)).Usage!;
        messages[1] = MiniModel.User("Where do you live?");
        UsageDetails second = (await MiniModel.Client.GetResponseAsync(messages, MiniModel.Greedy)).Usage!;
        Assert.Multiple(() =>
        {
            Assert.That(first.InputTokenCount, Is.GreaterThan(64));
            Assert.That(second.CachedInputTokenCount, Is.InRange(32, second.InputTokenCount!.Value - 1));
            Assert.That(second.InputTokenCount, Is.LessThan(first.InputTokenCount!.Value + 16));
            Assert.That(second.TotalTokenCount, Is.EqualTo(second.InputTokenCount + second.OutputTokenCount));
        });
    }

    [Test]
    public async Task Calls_that_are_cancelled_stop_within_a_step()
    {
        using var engine = new EngineWatch();
        using var cancellation = new CancellationTokenSource();
        var endless = new ChatOptions
        {
            RawRepresentationFactory = _ => new GenerationOptions { IgnoreEndOfText = true },
            MaxOutputTokens = 200,
        };
        Task<ChatResponse>[] calls =
            [.. Enumerable.Range(0, 8).Select(n => StreamAsync($"Tell me {n} stories.", endless, cancellation.Token))];
        while (engine.Running < calls.Length)
        {
            await Task.Delay(1);
        }

        long before = engine.Steps;
        await cancellation.CancelAsync();
        foreach (Task<ChatResponse> call in calls)
        {
            Assert.That(async () => await call, Throws.InstanceOf<OperationCanceledException>());
        }

        while (engine.Running > 0)
        {
            await Task.Delay(1);
        }

        // The one that is planned while the signals come, and those under way that were counted late.
        Assert.That(engine.Steps - before, Is.LessThanOrEqualTo(3));
        Assert.That((await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    [Test]
    public async Task A_thousand_calls_need_no_thread_each()
    {
        await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy);
        int before = Threads();
        var one = new ChatOptions { Temperature = 0, MaxOutputTokens = 1 };
        Task<ChatResponse>[] calls = [.. Enumerable.Range(0, 1000).Select(_ => StreamAsync(Question, one))];
        int most = Threads();
        Task all = Task.WhenAll(calls);
        while (await Task.WhenAny(all, Task.Delay(20)) != all)
        {
            most = Math.Max(most, Threads());
        }

        Assert.That(calls.Select(call => call.Result.Usage!.OutputTokenCount), Has.All.EqualTo(1));
        Assert.That(most - before, Is.LessThan(32));
    }

    [Test]
    public async Task A_stream_that_is_left_ends_its_request()
    {
        using var engine = new EngineWatch();
        await foreach (ChatResponseUpdate update in MiniModel.Client.GetStreamingResponseAsync("Tell me a story."))
        {
            break;
        }

        while (engine.Running > 0)
        {
            await Task.Delay(1);
        }

        Assert.That((await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Disposing_ends_calls_that_run(bool ownsModel)
    {
        VkInferChatClient client = ownsModel ? new(MiniModel.Options()) : new(MiniModel.Model, MiniModel.Options());
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
        Assert.That((await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    private static int Threads()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }

    private static Task<ChatResponse> StreamAsync(string question, ChatOptions options, CancellationToken cancellationToken = default) =>
        MiniModel.Client.GetStreamingResponseAsync(question, options, cancellationToken).ToChatResponseAsync(cancellationToken);
}

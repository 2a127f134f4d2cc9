using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Middleware of Microsoft.Extensions.AI over the client.</summary>
public sealed class MiddlewareTests
{
    private const string Question = "What is 27 + 45?";

    [Test]
    public async Task Logging_and_telemetry_wrap_it()
    {
        using IChatClient client = new Borrowed(MiniModel.Client).AsBuilder()
            .UseLogging(NullLoggerFactory.Instance).UseOpenTelemetry(configure: telemetry => telemetry.EnableSensitiveData = true).Build();
        Assert.That((await client.GetResponseAsync(Question, MiniModel.Greedy)).Text, Does.Contain("72"));
        ChatResponse streamed = await client.GetStreamingResponseAsync(Question, MiniModel.Greedy).ToChatResponseAsync();
        Assert.That(streamed.Text, Does.Contain("72"));
    }

    [Test]
    public async Task A_distributed_cache_answers_the_second_time()
    {
        var cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        var counted = new Borrowed(MiniModel.Client);
        using IChatClient client = counted.AsBuilder().UseDistributedCache(cache).Build();
        foreach (bool streams in new[] { false, true })
        {
            int before = counted.Calls;
            for (int i = 0; i < 2; i++)
            {
                ChatResponse response = streams
                    ? await client.GetStreamingResponseAsync(Question, MiniModel.Greedy).ToChatResponseAsync()
                    : await client.GetResponseAsync(Question, MiniModel.Greedy);
                Assert.That(response.Text, Does.Contain("72"));
                Assert.That(response.Usage!.OutputTokenCount, Is.GreaterThan(0));
            }

            Assert.That(counted.Calls - before, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Function_invocation_without_functions_changes_nothing()
    {
        using IChatClient client = new Borrowed(MiniModel.Client).AsBuilder().UseFunctionInvocation().Build();
        Assert.That((await client.GetResponseAsync(Question, MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    [Test]
    public async Task Typed_answers_are_read_by_the_caller()
    {
        using IChatClient client = new Borrowed(MiniModel.Client);
        ChatResponse<bool> response = await client.GetResponseAsync<bool>("Is 3 more than 2?", MiniModel.Greedy);
        Assert.That(response.TryGetResult(out bool _), Is.True, response.Text);
    }
}

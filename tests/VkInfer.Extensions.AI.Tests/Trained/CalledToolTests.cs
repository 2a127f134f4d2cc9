using System.Diagnostics;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using OpenTelemetry;
using OpenTelemetry.Trace;
using DescriptionAttribute = System.ComponentModel.DescriptionAttribute;

namespace VkInfer.Extensions.AI.Tests.Trained;

/// <summary>The embedded model itself calls functions, through the middleware that programs use, and says what they gave.</summary>
public sealed class CalledToolTests
{
    private const string AskWeather = "What is the weather like in Bremen?";

    private readonly List<string> _calls = [];
    private VkInferChatClient _client = null!;

    /// <summary>What a caller's own functions are.</summary>
    private ChatOptions Tools => new()
    {
        Temperature = 0,
        MaxOutputTokens = 80,
        Tools = [AIFunctionFactory.Create(GetWeather), AIFunctionFactory.Create(GetTime)],
    };

    [OneTimeSetUp]
    public void Create()
    {
        VkInferOptions options = MiniModel.Options();
        options.ContextLength = 512;
        options.Temperature = 0;
        _client = new VkInferChatClient(options);
    }

    [OneTimeTearDown]
    public async Task Dispose() => await _client.DisposeAsync();

    [SetUp]
    public void Forget() => _calls.Clear();

    [Test]
    public async Task Functions_are_called_and_their_results_told([Values] bool streams)
    {
        using IChatClient client = new Borrowed(_client).AsBuilder().UseFunctionInvocation().Build();
        var conversation = new List<ChatMessage>();
        foreach ((string question, string call, string result) in new[]
        {
            (AskWeather, "GetWeather(Bremen)", "light rain, 12 degrees"), ("And what time is it there?", "GetTime(Bremen)", "14:05"),
            ("What is 27 + 45?", "", "72"),
        })
        {
            _calls.Clear();
            conversation.Add(MiniModel.User(question));
            ChatResponse response = streams
                ? await client.GetStreamingResponseAsync(conversation, Tools).ToChatResponseAsync()
                : await client.GetResponseAsync(conversation, Tools);
            conversation.AddMessages(response);
            Assert.That(_calls, Is.EqualTo(call.Length > 0 ? new[] { call } : []), question);
            Assert.That(response.Text, Does.Contain(result), question);
            Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
        }
    }

    [Test]
    public async Task Without_a_tool_for_it_the_model_does_not_pretend()
    {
        ChatResponse response = await _client.GetResponseAsync(AskWeather);
        Assert.That(response.Text, Does.Contain("I do not know that"));
    }

    [Test]
    public async Task Telemetry_and_logging_see_the_call()
    {
        var activities = new List<Activity>();
        List<string> lines = [];
        using var log = new ListLogger(lines);
        using (TracerProvider tracer = Sdk.CreateTracerProviderBuilder().AddSource("tools").AddInMemoryExporter(activities).Build())
        {
            using ILoggerFactory factory = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
            using IChatClient client = new Borrowed(_client).AsBuilder()
                .UseFunctionInvocation(factory).UseOpenTelemetry(factory, "tools").UseLogging(factory).Build();
            Assert.That((await client.GetResponseAsync(AskWeather, Tools)).Text, Does.Contain("light rain, 12 degrees"));
        }

        Assert.That(activities.Count(activity => activity.DisplayName.StartsWith("chat ", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(activities.Select(activity => activity.DisplayName), Does.Contain("execute_tool GetWeather"));
        Assert.That(lines, Has.Some.Contains("GetWeather"));
        Assert.That(lines, Has.Some.Contains("light rain, 12 degrees"), "the second request, by UseLogging");
    }

    [Test]
    public async Task A_distributed_cache_spares_the_call()
    {
        var cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using IChatClient client = new Borrowed(_client).AsBuilder().UseDistributedCache(cache).UseFunctionInvocation().Build();
        for (int i = 0; i < 2; i++)
        {
            Assert.That((await client.GetResponseAsync(AskWeather, Tools)).Text, Does.Contain("light rain, 12 degrees"));
        }

        Assert.That(_calls, Is.EqualTo(new[] { "GetWeather(Bremen)" }));
    }

    [Test]
    public async Task An_agent_calls_its_tools_and_remembers_where_it_was()
    {
        AIAgent agent = new ChatClientAgent(
            new Borrowed(_client), instructions: "You are a helpful assistant.",
            tools: [AIFunctionFactory.Create(GetWeather), AIFunctionFactory.Create(GetTime)]);
        AgentSession session = await agent.CreateSessionAsync();
        Assert.That((await agent.RunAsync("What time is it in Lübeck?", session)).Text, Does.Contain("14:05"));
        Assert.That((await agent.RunAsync("And how is the weather there?", session)).Text, Does.Contain("light rain, 12 degrees"));
        Assert.That(_calls, Is.EqualTo(new[] { "GetTime(Lübeck)", "GetWeather(Lübeck)" }));
    }

    [Test]
    public async Task Semantic_Kernel_calls_a_plugin()
    {
        using IChatClient client = new Borrowed(_client).AsBuilder().UseKernelFunctionInvocation().Build();
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.Plugins.AddFromFunctions("Travel", [
            KernelFunctionFactory.CreateFromMethod(GetWeather, "GetWeather"), KernelFunctionFactory.CreateFromMethod(GetTime, "GetTime")]);
        Kernel kernel = builder.Build();
        var history = new ChatHistory();
        history.AddUserMessage(AskWeather);
        Microsoft.SemanticKernel.ChatMessageContent answer = await client.AsChatCompletionService().GetChatMessageContentAsync(
            history, new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() }, kernel);
        Assert.That(_calls, Is.EqualTo(new[] { "GetWeather(Bremen)" }));
        Assert.That(answer.Content, Does.Contain("light rain, 12 degrees"));
    }

    [Description("Gets the weather of a city")]
    private string GetWeather([Description("The city")] string city)
    {
        _calls.Add($"GetWeather({city})");
        return "light rain, 12 degrees";
    }

    [Description("Gets the time of a place")]
    private string GetTime(string place)
    {
        _calls.Add($"GetTime({place})");
        return "14:05";
    }
}

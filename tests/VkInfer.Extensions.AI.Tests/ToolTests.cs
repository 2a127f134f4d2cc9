using System.Text.Json;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.SemanticKernel.ChatCompletion;
using RangeAttribute = System.ComponentModel.DataAnnotations.RangeAttribute;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Tools that are really called, by the middleware that programs use.</summary>
public sealed class ToolTests
{
    // A template of a family with tools and reasoning, in its shortest form.
    private const string Thinking = """
        {%- if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools><tool_call></tool_call>{% endif %}
        {%- for message in messages %}
        {%- if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif %}
        [{{ message.role }}] {{ message.content }}
        {%- for call in message.tool_calls %} calls {{ call.id }} {{ call.function.name }} {{ call.function.arguments | tojson }}
        {%- endfor %}
        {%- if message.tool_call_id %} for {{ message.tool_call_id }} of {{ message.name }}{% endif %}
        {%- endfor %}
        {%- if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}
        """;

    // One of a family that knows no tools.
    private const string Plain = "{% for message in messages %}[{{ message.role }}] {{ message.content }}{% endfor %}";

    private readonly List<string> _calls = [];

    [SetUp]
    public void Forget() => _calls.Clear();

    [Test]
    public async Task A_function_is_called_and_its_result_answered([Values] bool streams)
    {
        var script = new Script(prompt => prompt.Contains("21 degrees", StringComparison.Ordinal)
            ? "<think>\nNow I know.\n</think>\n\nIt is warm."
            : "<think>\nI ask.\n</think>\n\n"
                + "⟦<tool_call>⟧\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\", \"days\": 2}}\n⟦</tool_call>⟧\n"
                + "⟦<tool_call>⟧\n{\"name\": \"clock\", \"arguments\": {}}\n⟦</tool_call>⟧", Thinking);
        using IChatClient client = script.Client.AsBuilder()
            .UseFunctionInvocation().UseOpenTelemetry().UseLogging(NullLoggerFactory.Instance).Build();
        ChatOptions options = WithTools();
        ChatResponse response = streams
            ? await client.GetStreamingResponseAsync("How warm is it?", options).ToChatResponseAsync()
            : await client.GetResponseAsync("How warm is it?", options);

        Assert.That(_calls, Is.EquivalentTo(new[] { "weather Bonn 2", "clock" }));
        Assert.That(response.Text, Is.EqualTo("It is warm."));
        Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
        Assert.That(response.Messages.SelectMany(m => m.Contents).OfType<TextReasoningContent>().Select(r => r.Text.Trim()), Is.Not.Empty);
        FunctionCallContent[] calls = [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        Assert.That(calls.Select(call => call.Name), Is.EqualTo(new[] { "weather", "clock" }));
        Assert.That(calls.Select(call => call.CallId).Distinct().Count(), Is.EqualTo(2));

        // The model is told of the tools, and of its calls with their results.
        Assert.That(script.Prompts, Has.Count.EqualTo(2));
        Assert.That(script.Prompts[0], Does.Contain("\"name\": \"weather\"").And.Contain("\"city\""));
        Assert.That(script.Prompts[1], Does.Contain($"calls {calls[0].CallId} weather {{\"city\": \"Bonn\", \"days\": 2}}"));
        Assert.That(script.Prompts[1], Does.Contain($"21 degrees for {calls[0].CallId} of weather"));
        Assert.That(response.Usage!.ReasoningTokenCount, Is.GreaterThan(0).And.LessThan(response.Usage.OutputTokenCount!.Value));
    }

    [Test]
    public async Task A_call_ends_the_answer_with_its_own_reason()
    {
        var script = new Script(_ => "⟦<tool_call>⟧{\"name\": \"clock\", \"arguments\": {}}⟦</tool_call>⟧", Thinking);
        List<ChatResponseUpdate> updates = await script.Client.GetStreamingResponseAsync("When?", WithTools()).ToListAsync();
        Assert.That(updates[^1].FinishReason, Is.EqualTo(ChatFinishReason.ToolCalls));
        Assert.That(updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>().Single().Name, Is.EqualTo("clock"));
        Assert.That(script.Options[0].Grammar, Is.Not.Null, "calls in auto mode are held to their schemas");
    }

    [Test]
    public async Task A_template_without_tools_is_told_of_them_in_the_system_message()
    {
        var script = new Script(prompt => prompt.Contains("<tool_response>\nnoon", StringComparison.Ordinal)
            ? "Noon." : "⟦<tool_call>⟧{\"name\": \"clock\", \"arguments\": {}}⟦</tool_call>⟧", Plain);
        using IChatClient client = script.Client.AsBuilder().UseFunctionInvocation().Build();
        Assert.That((await client.GetResponseAsync("When?", WithTools())).Text, Is.EqualTo("Noon."));
        Assert.That(script.Prompts[0], Does.Contain("<tool_call>").And.Contain("\"weather\"").And.Contain("\"clock\""));
        Assert.That(script.Prompts[1], Does.Contain("<tool_response>\nnoon\n</tool_response>"));
        Assert.That(_calls, Is.EqualTo(new[] { "clock" }));
    }

    [Test]
    public async Task Reasoning_may_be_left_out_and_switched_off()
    {
        var script = new Script(_ => "<think>Hm.</think>Yes.", Thinking);
        ChatResponse full = await script.Client.GetResponseAsync("Is it?");
        ChatResponse none = await script.Client.GetResponseAsync(
            "Is it?",
            new ChatOptions { Reasoning = new ReasoningOptions { Output = ReasoningOutput.None, Effort = ReasoningEffort.None } });
        Assert.That(full.Messages[0].Contents.OfType<TextReasoningContent>().Single().Text, Is.EqualTo("Hm."));
        Assert.That(none.Messages[0].Contents.OfType<TextReasoningContent>(), Is.Empty);
        Assert.That(none.Text, Is.EqualTo("Yes."));
        Assert.That(script.Prompts[0], Does.Not.Contain("<think></think>"));
        Assert.That(script.Prompts[1], Does.EndWith("<think></think>"));
    }

    [Test]
    public async Task A_call_that_is_cut_off_is_none()
    {
        var script = new Script(_ => "⟦<tool_call>⟧{\"name\": \"clock\", \"argu", Thinking);
        ChatResponse response = await script.Client.GetResponseAsync("When?", WithTools());
        Assert.That(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>(), Is.Empty);
        Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
    }

    [Test]
    public async Task The_embedded_model_calls_what_it_must([Values(null, "weather")] string? name)
    {
        VkInferOptions roomy = MiniModel.Options();
        roomy.ContextLength = 512;
        await using var client = new VkInferChatClient(roomy);
        ChatOptions options = WithTools();
        options.Temperature = 0;
        options.ToolMode = name is null ? ChatToolMode.RequireAny : ChatToolMode.RequireSpecific(name);
        options.Tools = [AIFunctionFactory.Create(Short, "weather"), AIFunctionFactory.Create(Clock, "clock")];
        options.AllowMultipleToolCalls = false;
        options.MaxOutputTokens = 100;
        ChatResponse response = await client.GetResponseAsync("Go.", options);
        FunctionCallContent call = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
        Assert.That(call.Exception, Is.Null);
        Assert.That(call.Name, Is.AnyOf(name is null ? ["weather", "clock"] : ["weather"]));
        Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.ToolCalls));
        if (call.Name == "weather")
        {
            Assert.That(((JsonElement)call.Arguments!["days"]!).GetInt32(), Is.InRange(1, 9));
        }
    }

    [Test]
    public async Task An_agent_calls_functions()
    {
        var script = new Script(prompt => prompt.Contains("noon", StringComparison.Ordinal)
            ? "It is noon." : "⟦<tool_call>⟧{\"name\": \"clock\", \"arguments\": {}}⟦</tool_call>⟧", Thinking);
        AIAgent agent = new ChatClientAgent(script.Client, instructions: "Be brief.", tools: [AIFunctionFactory.Create(Clock, "clock")]);
        AgentResponse response = await agent.RunAsync("When is it?");
        Assert.That(response.Text, Is.EqualTo("It is noon."));
        Assert.That(_calls, Is.EqualTo(new[] { "clock" }));
        Assert.That(script.Prompts[0], Does.Contain("Be brief."));
    }

    [Test]
    public async Task Semantic_Kernel_chats_with_it()
    {
        IChatCompletionService service = MiniModel.Client.AsChatCompletionService();
        var history = new ChatHistory();
        history.AddUserMessage("What is 27 + 45?");
        Microsoft.SemanticKernel.ChatMessageContent answer = await service.GetChatMessageContentAsync(history);
        Assert.That(answer.Content, Is.Not.Empty);
    }

    private ChatOptions WithTools() => new()
    {
        Tools = [AIFunctionFactory.Create(Weather, "weather", "The weather."), AIFunctionFactory.Create(Clock, "clock", "The time.")],
    };

    private string Weather(string city, [Range(1, 9)] int days)
    {
        _calls.Add($"weather {city} {days}");
        return "21 degrees";
    }

    private string Short([Range(1, 9)] int days) => Weather("here", days);

    private string Clock()
    {
        _calls.Add("clock");
        return "noon";
    }
}

using System.Text.Json;
using Microsoft.Extensions.AI;
using VkInfer.Grammar;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>What a client cannot do, it refuses by name.</summary>
public sealed class RefusalTests
{
    private static readonly AIFunction Clock = AIFunctionFactory.Create(() => "noon", "clock");

    private static readonly Dictionary<string, ChatOptions> Refused = new()
    {
        [nameof(ChatOptions.ConversationId)] = new() { ConversationId = "7" },
        [nameof(ChatOptions.Tools)] = new() { Tools = [new HostedWebSearchTool()] },
        [nameof(ChatOptions.Reasoning)] = new() { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } },
#pragma warning disable MEAI001 // Of an experiment; refused all the same.
        [nameof(ChatOptions.AllowBackgroundResponses)] = new() { AllowBackgroundResponses = true },
        [nameof(ChatOptions.ContinuationToken)] = new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[1]) },
#pragma warning restore MEAI001
        [nameof(ChatOptions.RawRepresentationFactory)] = new() { RawRepresentationFactory = _ => "text" },
        [nameof(ChatOptions.AdditionalProperties)] = new() { AdditionalProperties = new() { ["top_q"] = 1 } },
    };

    private static readonly Dictionary<string, ChatOptions> OutOfRange = new()
    {
        [nameof(ChatOptions.ModelId)] = new() { ModelId = "another" },
        [nameof(ChatOptions.ToolMode)] = new() { ToolMode = ChatToolMode.RequireSpecific("date"), Tools = [Clock] },
        [nameof(ChatOptions.Temperature)] = new() { Temperature = -1 },
        [nameof(ChatOptions.TopK)] = new() { TopK = -1 },
        [nameof(ChatOptions.TopP)] = new() { TopP = 2 },
        [nameof(ChatOptions.FrequencyPenalty)] = new() { FrequencyPenalty = 3 },
        [nameof(ChatOptions.PresencePenalty)] = new() { PresencePenalty = -3 },
        [nameof(ChatOptions.MaxOutputTokens)] = new() { MaxOutputTokens = 0 },
        [nameof(ChatOptions.StopSequences)] = new() { StopSequences = [""] },
        [nameof(ChatOptions.AdditionalProperties)] = new() { AdditionalProperties = new() { ["min_p"] = "much" } },
        ["chat_template_kwargs"] = new() { AdditionalProperties = new() { ["chat_template_kwargs"] = 3 } },
    };

    // Honoured members whose values cannot be wrong, or that AnswerTests has.
    private static readonly string[] Honoured =
    [
        nameof(ChatOptions.Instructions), nameof(ChatOptions.Seed), nameof(ChatOptions.ResponseFormat),
        nameof(ChatOptions.AllowMultipleToolCalls),
    ];

    private static IEnumerable<string> RefusedNames => Refused.Keys;

    private static IEnumerable<string> OutOfRangeNames => OutOfRange.Keys;

    [TestCaseSource(nameof(RefusedNames))]
    public void Refuses_an_option_that_it_does_not_have(string name) =>
        Assert.That(() => Ask(Refused[name]), Throws.InstanceOf<NotSupportedException>().With.Message.Contains(name));

    [TestCaseSource(nameof(OutOfRangeNames))]
    public void Refuses_a_value_that_is_not_allowed(string name) =>
        Assert.That(() => Ask(OutOfRange[name]), Throws.InstanceOf<ArgumentException>());

    [Test]
    public void Knows_every_member_of_the_options()
    {
        string[] members = [.. typeof(ChatOptions).GetProperties().Select(property => property.Name)];
        Assert.That(
            members, Is.SubsetOf(Refused.Keys.Concat(OutOfRange.Keys).Concat(Honoured)), "a new version has members that are ignored");
    }

    [Test]
    public async Task Tools_that_must_not_be_called_do_no_harm()
    {
        ChatOptions options = MiniModel.Greedy;
        options.Tools = [Clock];
        options.ToolMode = ChatToolMode.None;
        Assert.That((await MiniModel.Client.GetResponseAsync("What is 27 + 45?", options)).Text, Does.Contain("72"));
    }

    /// <summary>What a function returned must be text as well: an image would go into the prompt as a wall of letters.</summary>
    [Test]
    public void Refuses_results_of_functions_that_are_no_text()
    {
        var image = new DataContent(new byte[4], "image/png");
        foreach (object result in new object[] { image, new AIContent[] { new TextContent("Look:"), image } })
        {
            ChatMessage[] messages =
            [
                new(ChatRole.User, "Look!"), new(ChatRole.Assistant, [new FunctionCallContent("1", "screenshot")]),
                new(ChatRole.Tool, [new FunctionResultContent("1", result)]),
            ];
            Assert.That(
                () => MiniModel.Client.GetResponseAsync(messages),
                Throws.InstanceOf<NotSupportedException>().With.Message.Contains("image/png").And.Message.Contains("Message 2"));
        }
    }

    [Test]
    public void Refuses_content_that_is_no_text()
    {
        AIContent[] contents =
        [
            new DataContent(new byte[4], "image/png"), new UriContent("http://localhost/cat.jpg", "image/jpeg"),
            new FunctionCallContent("1", "clock"), new FunctionResultContent("1", "noon"),
        ];
        foreach ((AIContent content, string named) in contents.Zip(["image/png", "image/jpeg", "function call", "function's result"]))
        {
            Assert.That(
                () => MiniModel.Client.GetResponseAsync([new ChatMessage(ChatRole.User, [new TextContent("Look:"), content])]),
                Throws.InstanceOf<NotSupportedException>().With.Message.Contains(named).And.Message.Contains("Message 0"));
        }
    }

    [Test]
    public void Refuses_roles_that_it_does_not_know_and_conversations_of_nothing()
    {
        Assert.That(
            () => MiniModel.Client.GetResponseAsync([new ChatMessage(new ChatRole("critic"), "Bad.")]),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("critic"));
        Assert.That(
            () => MiniModel.Client.GetResponseAsync([new ChatMessage(ChatRole.Tool, "noon")]),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("tool"));
        Assert.That(() => MiniModel.Client.GetResponseAsync(Array.Empty<ChatMessage>()), Throws.ArgumentException);
        Assert.That(() => MiniModel.Client.GetResponseAsync((IEnumerable<ChatMessage>)null!), Throws.ArgumentNullException);
    }

    [Test]
    public void Refuses_a_schema_that_cannot_be_compiled_by_its_place()
    {
        JsonElement schema = JsonDocument.Parse(
            """{"type":"object","properties":{"a":{"type":"string","contentEncoding":"base64","unevaluatedItems":false}}}""").RootElement;
        Assert.That(
            () => Ask(new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) }),
            Throws.InstanceOf<GrammarException>());
    }

    [Test]
    public void Refuses_a_conversation_that_does_not_fit()
    {
        string text = string.Join(' ', Enumerable.Repeat("word", 400));
        Assert.That(() => MiniModel.Client.GetResponseAsync(text, MiniModel.Greedy), Throws.InstanceOf<ContextLengthExceededException>());
    }

    [Test]
    public async Task Answers_again_behind_a_refusal()
    {
        Assert.That(() => Ask(Refused[nameof(ChatOptions.Tools)]), Throws.InstanceOf<NotSupportedException>());
        Assert.That((await MiniModel.Client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy)).Text, Does.Contain("72"));
    }

    private static Task<ChatResponse> Ask(ChatOptions options) => MiniModel.Client.GetResponseAsync("Hello.", options);
}

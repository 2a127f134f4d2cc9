using System.Text.Json;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>What a client answers, at once and as a stream.</summary>
public sealed class AnswerTests
{
    private const string Question = "What is 27 + 45?";

    [Test]
    public async Task Answers_with_text_usage_and_finish_reason()
    {
        ChatResponse response = await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy);
        Assert.Multiple(() =>
        {
            Assert.That(response.Text, Does.Contain("72"));
            Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
            Assert.That(response.Messages, Has.Count.EqualTo(1));
            Assert.That(response.Messages[0].Role, Is.EqualTo(ChatRole.Assistant));
            Assert.That(response.ModelId, Is.EqualTo(MiniModel.Model.Name));
            Assert.That(response.ResponseId, Is.Not.Empty);
            Assert.That(response.ConversationId, Is.Null);
            Assert.That(response.RawRepresentation, Is.InstanceOf<GenerationUpdate>());
            Assert.That(response.Usage!.InputTokenCount, Is.GreaterThan(8));
            Assert.That(response.Usage.OutputTokenCount, Is.GreaterThan(2));
            Assert.That(
                response.Usage.TotalTokenCount, Is.EqualTo(response.Usage.InputTokenCount + response.Usage.OutputTokenCount));
        });
    }

    [Test]
    public async Task Streams_the_same_answer_in_pieces()
    {
        ChatResponse whole = await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in MiniModel.Client.GetStreamingResponseAsync(Question, MiniModel.Greedy))
        {
            updates.Add(update);
        }

        var joined = updates.ToChatResponse();
        Assert.Multiple(() =>
        {
            Assert.That(updates, Has.Count.GreaterThan(2));
            Assert.That(joined.Text, Is.EqualTo(whole.Text));
            Assert.That(joined.Messages, Has.Count.EqualTo(1));
            Assert.That(joined.FinishReason, Is.EqualTo(whole.FinishReason));
            Assert.That(joined.Usage!.OutputTokenCount, Is.EqualTo(whole.Usage!.OutputTokenCount));
            Assert.That(updates.Select(update => update.ResponseId).Distinct().Count(), Is.EqualTo(1));
            Assert.That(updates.Select(update => update.MessageId).Distinct().Count(), Is.EqualTo(1));
            Assert.That(updates.Select(update => update.RawRepresentation), Has.All.InstanceOf<GenerationUpdate>());
        });
    }

    [Test]
    public async Task Keeps_nothing_between_calls()
    {
        ChatResponse first = await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy);
        await MiniModel.Client.GetResponseAsync("Reverse the word planet.", MiniModel.Greedy);
        ChatResponse again = await MiniModel.Client.GetResponseAsync(Question, MiniModel.Greedy);
        Assert.That(again.Text, Is.EqualTo(first.Text));
        Assert.That(again.Usage!.InputTokenCount, Is.EqualTo(first.Usage!.InputTokenCount));
    }

    [Test]
    public async Task Takes_conversations_of_all_roles_and_texts_of_several_parts()
    {
        ChatMessage[] conversation =
        [
            new(ChatRole.System, "You are brief."),
            MiniModel.User("Hello."),
            new(ChatRole.Assistant, [new TextReasoningContent("greet"), new TextContent("Hi!"), new UsageContent()]) { AuthorName = "vk" },
            new(ChatRole.User, [new TextContent("What is 27"), new TextContent(" + 45?")]),
        ];
        ChatMessage[] plain = [conversation[0], conversation[1], new(ChatRole.Assistant, "Hi!"), MiniModel.User(Question)];
        ChatResponse response = await MiniModel.Client.GetResponseAsync(conversation, MiniModel.Greedy);
        ChatResponse same = await MiniModel.Client.GetResponseAsync(plain, MiniModel.Greedy);
        Assert.That(response.Usage!.InputTokenCount, Is.EqualTo(same.Usage!.InputTokenCount));
        Assert.That(response.Text, Is.EqualTo(same.Text));
    }

    [Test]
    public async Task Ends_at_the_asked_number_of_tokens_and_at_stop_sequences()
    {
        ChatResponse two = await MiniModel.Client.GetResponseAsync(Question, new ChatOptions { Temperature = 0, MaxOutputTokens = 2 });
        Assert.That(two.FinishReason, Is.EqualTo(ChatFinishReason.Length));
        Assert.That(two.Usage!.OutputTokenCount, Is.EqualTo(2));
        ChatResponse stopped =
            await MiniModel.Client.GetResponseAsync(Question, new ChatOptions { Temperature = 0, StopSequences = ["="] });
        Assert.That(stopped.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
        Assert.That(stopped.Text, Does.Contain("45").And.Not.Contain("=").And.Not.Contain("72"));
    }

    [Test]
    public async Task Equal_seeds_give_equal_answers()
    {
        var options = new ChatOptions { Temperature = 1.5f, Seed = -7, MaxOutputTokens = 24 };
        ChatResponse first = await MiniModel.Client.GetResponseAsync("Tell me a story.", options);
        ChatResponse second = await MiniModel.Client.GetResponseAsync("Tell me a story.", options);
        options.Seed = 8;
        ChatResponse other = await MiniModel.Client.GetResponseAsync("Tell me a story.", options);
        Assert.That(second.Text, Is.EqualTo(first.Text));
        Assert.That(other.Text, Is.Not.EqualTo(first.Text));
    }

    [Test]
    public async Task Keeps_to_JSON_and_to_a_schema()
    {
        ChatResponse json = await MiniModel.Client.GetResponseAsync(
            "Hello.", new ChatOptions { Temperature = 0, MaxOutputTokens = 120, ResponseFormat = ChatResponseFormat.Json, Seed = 1 });
        if (json.FinishReason == ChatFinishReason.Stop)
        {
            Assert.That(JsonDocument.Parse(json.Text).RootElement.ValueKind, Is.EqualTo(JsonValueKind.Object));
        }

        Assert.That(json.Text, Does.StartWith("{"));
        JsonElement schema = JsonDocument.Parse(
            """{"type":"object","properties":{"sum":{"type":"integer","minimum":0,"maximum":99}},"required":["sum"],"additionalProperties":false}""").RootElement;
        ChatResponse typed = await MiniModel.Client.GetResponseAsync(
            Question, new ChatOptions { Temperature = 0, ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });
        Assert.That(typed.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
        Assert.That(JsonDocument.Parse(typed.Text).RootElement.GetProperty("sum").GetInt32(), Is.InRange(0, 99));
    }

    [Test]
    public async Task Instructions_join_a_system_message()
    {
        ChatMessage[] messages = [new(ChatRole.System, "You are brief."), MiniModel.User(Question)];
        ChatResponse apart = await MiniModel.Client.GetResponseAsync(
            messages, new ChatOptions { Temperature = 0, MaxOutputTokens = 1, Instructions = "Answer in English." });
        ChatResponse joined = await MiniModel.Client.GetResponseAsync(
            [new(ChatRole.System, "Answer in English.\n\nYou are brief."), messages[1]],
            new ChatOptions { Temperature = 0, MaxOutputTokens = 1 });
        Assert.That(apart.Usage!.InputTokenCount, Is.EqualTo(joined.Usage!.InputTokenCount));
        ChatResponse alone = await MiniModel.Client.GetResponseAsync(
            Question, new ChatOptions { Temperature = 0, MaxOutputTokens = 1, Instructions = "Answer in English." });
        ChatResponse without = await MiniModel.Client.GetResponseAsync(Question, new ChatOptions { Temperature = 0, MaxOutputTokens = 1 });
        Assert.That(alone.Usage!.InputTokenCount, Is.GreaterThan(without.Usage!.InputTokenCount!.Value));
    }

    [Test]
    public async Task Starts_from_generation_options_of_the_caller()
    {
        ChatResponse response = await MiniModel.Client.GetResponseAsync(Question, new ChatOptions
        {
            RawRepresentationFactory = _ => new GenerationOptions
            {
                Sampling = SamplingOptions.Greedy with { LogProbabilities = 2 },
                MaxTokens = 40,
            },
            MaxOutputTokens = 3,
        });
        Assert.That(response.Usage!.OutputTokenCount, Is.EqualTo(3));
        Assert.That(((GenerationUpdate)response.RawRepresentation!).LogProbabilities, Is.Not.Empty);
    }

    [Test]
    public void Gives_its_services_and_says_what_it_is()
    {
        IChatClient client = MiniModel.Client;
        ChatClientMetadata metadata = client.GetService<ChatClientMetadata>()!;
        Assert.Multiple(() =>
        {
            Assert.That(metadata.ProviderName, Is.EqualTo("vkinfer"));
            Assert.That(metadata.DefaultModelId, Is.EqualTo(MiniModel.Model.Name));
            Assert.That(client.GetService<VkInferChatClient>(), Is.SameAs(client));
            Assert.That(client.GetService<IChatClient>(), Is.SameAs(client));
            Assert.That(client.GetService<Model>(), Is.SameAs(MiniModel.Model));
            Assert.That(client.GetService<Model>("key"), Is.Null);
            Assert.That(client.GetService<string>(), Is.Null);
        });
    }
}

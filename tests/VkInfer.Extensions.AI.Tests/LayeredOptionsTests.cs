using System.Text.Json;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>What a call sets lies over what it starts from and over the client's options; what it does not set stays unset.</summary>
public sealed class LayeredOptionsTests
{
    private static readonly GenerationOptions Nothing = new();

    [Test]
    public void What_nobody_sets_is_left_to_the_model()
    {
        Assert.That(Read(new ChatOptions(), Nothing), Is.EqualTo(Nothing));
        Assert.That(new VkInferOptions().ToGenerationOptions(), Is.EqualTo(Nothing));
    }

    [Test]
    public void A_call_lies_over_what_it_starts_from_and_that_over_the_client()
    {
        GenerationOptions client = new() { MaxTokens = 1, StopStrings = ["a"], Sampling = new() { TopK = 1, TopP = 0.5f, Seed = 1 } };
        var call = new ChatOptions
        {
            RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 2, Sampling = new() { TopK = 2, MinP = 0.25f } },
            TopK = 3,
        };
        Assert.That(Read(call, client), Is.EqualTo(new GenerationOptions
        {
            MaxTokens = 2,
            StopStrings = ["a"],
            Sampling = new() { TopK = 3, TopP = 0.5f, MinP = 0.25f, Seed = 1 },
        }));
    }

    [Test]
    public void Additional_properties_reach_what_the_engine_can_do()
    {
        GenerationOptions wanted = new()
        {
            Speculates = true,
            Priority = -2,
            Deadline = TimeSpan.FromSeconds(1.5),
            Overflow = ContextOverflow.Error,
        };
        Assert.That(
            Read(With(("speculates", true), ("priority", -2), ("deadline", TimeSpan.FromSeconds(1.5)),
                ("context_overflow", ContextOverflow.Error)), Nothing), Is.EqualTo(wanted));

        // As they come from a request that was JSON.
        JsonElement json = JsonElement.Parse(
            """{"speculates": true, "priority": -2, "deadline": "00:00:01.5", "context_overflow": "Error"}""");
        Assert.That(
            Read(With([.. json.EnumerateObject().Select(one => (one.Name, (object)one.Value))]), Nothing), Is.EqualTo(wanted));
    }

    [TestCase("speculates", "yes")]
    [TestCase("priority", 1.5)]
    [TestCase("deadline", 3)]
    [TestCase("context_overflow", "Later")]
    public void Additional_properties_of_a_wrong_type_are_refused_by_name(string name, object value) => Assert.That(
        () => Read(With((name, value)), Nothing), Throws.ArgumentException.With.Message.Contains(name));

    [Test]
    public async Task A_deadline_ends_an_answer()
    {
        ChatOptions options = MiniModel.Greedy;
        options.AdditionalProperties = new() { ["deadline"] = TimeSpan.FromTicks(1) };
        ChatResponse response = await MiniModel.Client.GetResponseAsync("What is 27 + 45?", options);
        Assert.That(((GenerationUpdate)response.RawRepresentation!).FinishReason, Is.EqualTo(FinishReason.DeadlineExceeded));
    }

    private static ChatOptions With(params (string Name, object Value)[] properties) => new()
    {
        AdditionalProperties = new(properties.ToDictionary(one => one.Name, one => (object?)one.Value)),
    };

    private static GenerationOptions Read(ChatOptions options, GenerationOptions defaults) =>
        ChatOptionsReader.Read(MiniModel.Client, ["m"], defaults, options);
}

using System.Text.Json;
using System.Text.Json.Nodes;
using VkInfer.Tokenization;

namespace VkInfer.Extensions.AI;

/// <summary>A call in a conversation.</summary>
/// <param name="Id">Nine letters and digits, as the strictest templates ask for.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record ReadCall(string Id, string Name, JsonObject Arguments);

/// <summary>A message of a conversation, read.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said, or a call's result.</param>
internal sealed record ReadMessage(TemplateRole Role, string Text)
{
    /// <summary>Who speaks, by name; or the function that was called.</summary>
    public string? Name { get; init; }

    /// <summary>What the model thought.</summary>
    public string Reasoning { get; init; } = "";

    /// <summary>What it called.</summary>
    public IReadOnlyList<ReadCall> Calls { get; init; } = [];

    /// <summary>The call whose result this is.</summary>
    public string? CallId { get; init; }

    /// <summary>The message as templates take it.</summary>
    /// <param name="text">What is said.</param>
    /// <param name="withCalls">Whether the template takes calls.</param>
    public TemplateMessage ToTemplate(string text, bool withCalls = true)
    {
        var extra = new JsonObject();
        if (Name is not null)
        {
            extra["name"] = Name;
        }

        if (CallId is not null)
        {
            extra["tool_call_id"] = CallId;
        }

        if (withCalls && Calls.Count > 0)
        {
            extra["tool_calls"] = new JsonArray(
            [
                .. Calls.Select(call => new JsonObject
                {
                    ["id"] = call.Id,
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.DeepClone() },
                }),
            ]);
        }

        var message = new TemplateMessage(Role, text) { Reasoning = Reasoning };
        if (extra.Count == 0)
        {
            return message;
        }

        using JsonDocument document = JsonDocument.Parse(extra.ToJsonString());
        return message with { Extra = document.RootElement.Clone() };
    }
}

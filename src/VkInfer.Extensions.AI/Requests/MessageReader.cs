using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using VkInfer.Tokenization;

namespace VkInfer.Extensions.AI;

/// <summary>Messages of Microsoft.Extensions.AI, read one by one: text, reasoning, calls and their results.</summary>
internal sealed class MessageReader
{
    private const int IdLength = 9;

    private readonly List<ReadMessage> _read = [];
    private readonly Dictionary<string, string> _names = [];

    /// <summary>Reads a conversation.</summary>
    /// <param name="messages">The messages, the oldest first.</param>
    /// <param name="instructions">
    /// What stands above the conversation; joins its first message where that is a system message, since many templates refuse a second.
    /// </param>
    public static IReadOnlyList<ReadMessage> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var reader = new MessageReader();
        List<ReadMessage> read = reader._read;
        int index = 0;
        foreach (ChatMessage message in messages)
        {
            reader.Add(message ?? throw new ArgumentException($"Message {index} is null.", nameof(messages)), index++);
        }

        if (read.Count == 0)
        {
            throw new ArgumentException("There are no messages.", nameof(messages));
        }

        if (!string.IsNullOrEmpty(instructions))
        {
            if (read[0].Role == TemplateRole.System)
            {
                read[0] = read[0] with { Text = $"{instructions}\n\n{read[0].Text}" };
            }
            else
            {
                read.Insert(0, new ReadMessage(TemplateRole.System, instructions));
            }
        }

        return read;
    }

    private void Add(ChatMessage message, int index)
    {
        TemplateRole role = RoleOf(message.Role, index);
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        var calls = new List<ReadCall>();
        var results = new List<ReadMessage>();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextReasoningContent thought when role == TemplateRole.Assistant:
                    reasoning.Append(thought.Text);
                    break;
                case TextContent part when role != TemplateRole.Tool:
                    text.Append(part.Text);
                    break;
                case FunctionCallContent call when role == TemplateRole.Assistant:
                    _names[call.CallId] = call.Name;
                    calls.Add(new ReadCall(IdOf(call.CallId), call.Name, ArgumentsOf(call)));
                    break;
                case FunctionResultContent result when role == TemplateRole.Tool:
                    results.Add(new ReadMessage(role, TextOf(result, index))
                    {
                        CallId = IdOf(result.CallId),
                        Name = _names.GetValueOrDefault(result.CallId),
                    });
                    break;
                case UsageContent:
                    break; // An answer that comes back; what it cost is no part of it.
                default:
                    throw new NotSupportedException(
                        $"Message {index} ({message.Role}) has {Describe(content)}; " + (role == TemplateRole.Tool
                            ? "a message of the role tool has functions' results only."
                            : "the model takes text only, and calls and their results in messages of assistant and tool."));
            }
        }

        if (role == TemplateRole.Tool)
        {
            _read.AddRange(results);
            return;
        }

        _read.Add(new ReadMessage(role, text.ToString()) { Name = message.AuthorName, Reasoning = reasoning.ToString(), Calls = calls });
    }

    private static TemplateRole RoleOf(ChatRole role, int index) =>
        role == ChatRole.User ? TemplateRole.User
        : role == ChatRole.Assistant ? TemplateRole.Assistant
        : role == ChatRole.System ? TemplateRole.System
        : role == ChatRole.Tool ? TemplateRole.Tool
        : throw new NotSupportedException($"Message {index} has the role {role}; known are system, user, assistant and tool.");

    private static string Describe(AIContent content) => content switch
    {
        DataContent data => $"content of type {data.MediaType}",
        UriContent uri => $"content of type {uri.MediaType}",
        FunctionCallContent => "a function call",
        FunctionResultContent => "a function's result",
        TextContent => "text",
        null => "null among its contents",
        _ => content.GetType().Name,
    };

    /// <summary>Ids refer from results to calls: those of another form are replaced, always in the same way.</summary>
    private static string IdOf(string id) => id.Length == IdLength && id.All(char.IsAsciiLetterOrDigit)
        ? id : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..IdLength];

    private static JsonObject ArgumentsOf(FunctionCallContent call)
    {
        var arguments = new JsonObject();
        foreach ((string name, object? value) in call.Arguments ?? new Dictionary<string, object?>())
        {
            arguments[name] = value is null ? null : NodeOf(value);
        }

        return arguments;
    }

    private static string TextOf(FunctionResultContent result, int index) => result.Result switch
    {
        null => result.Exception is { } problem ? $"Error: {problem.Message}" : "null",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        JsonElement json => json.GetRawText(),
        TextContent text => text.Text,
        IEnumerable<AIContent> contents => contents.FirstOrDefault(content => content is not TextContent) is { } other
            ? throw NoText(other, index)
            : string.Concat(contents),
        AIContent other => throw NoText(other, index),
        { } value => NodeOf(value)?.ToJsonString() ?? "null",
    };

    private static NotSupportedException NoText(AIContent content, int index) =>
        new($"Message {index} has a function's result with {Describe(content)}; the model takes text only.");

    private static JsonNode? NodeOf(object value) => value switch
    {
        JsonElement json => JsonNode.Parse(json.GetRawText()),
        JsonNode node => node.DeepClone(),
        _ => JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType())),
    };
}

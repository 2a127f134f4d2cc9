using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>Messages of Microsoft.Extensions.AI as a model's template takes them.</summary>
internal static class MessageReader
{
    /// <summary>Reads a conversation.</summary>
    /// <param name="messages">The messages, the oldest first.</param>
    /// <param name="instructions">
    /// What stands above the conversation; joins its first message where that is a system message, since many templates refuse a second.
    /// </param>
    public static IReadOnlyList<Tokenization.ChatMessage> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var read = new List<Tokenization.ChatMessage>();
        foreach (ChatMessage message in messages)
        {
            read.Add(Read(message ?? throw new ArgumentException($"Message {read.Count} is null.", nameof(messages)), read.Count));
        }

        if (read.Count == 0)
        {
            throw new ArgumentException("There are no messages.", nameof(messages));
        }

        if (!string.IsNullOrEmpty(instructions))
        {
            if (read[0].Role == Tokenization.ChatRole.System)
            {
                read[0] = read[0] with { Content = $"{instructions}\n\n{read[0].Content}" };
            }
            else
            {
                read.Insert(0, new Tokenization.ChatMessage(Tokenization.ChatRole.System, instructions));
            }
        }

        return read;
    }

    private static Tokenization.ChatMessage Read(ChatMessage message, int index)
    {
        Tokenization.ChatRole role = RoleOf(message.Role, index);
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextReasoningContent thought when role == Tokenization.ChatRole.Assistant:
                    reasoning.Append(thought.Text);
                    break;
                case TextContent part:
                    text.Append(part.Text);
                    break;
                case UsageContent:
                    break; // An answer that comes back; what it cost is no part of it.
                default:
                    throw new NotSupportedException(
                        $"Message {index} ({message.Role}) has {Describe(content)}; the model takes text only.");
            }
        }

        return new Tokenization.ChatMessage(role, text.ToString()) { Extra = ExtraOf(message.AuthorName, reasoning.ToString()) };
    }

    private static Tokenization.ChatRole RoleOf(ChatRole role, int index) =>
        role == ChatRole.User ? Tokenization.ChatRole.User
        : role == ChatRole.Assistant ? Tokenization.ChatRole.Assistant
        : role == ChatRole.System ? Tokenization.ChatRole.System
        : role == ChatRole.Tool ? throw new NotSupportedException($"Message {index} has the role tool; tools are not supported.")
        : throw new NotSupportedException($"Message {index} has the role {role}; known are system, user and assistant.");

    private static string Describe(AIContent content) => content switch
    {
        DataContent data => $"content of type {data.MediaType}",
        UriContent uri => $"content of type {uri.MediaType}",
        FunctionCallContent => "a function call",
        FunctionResultContent => "a function's result",
        null => "null among its contents",
        _ => content.GetType().Name,
    };

    /// <summary>
    /// What templates read beside role and content: <c>name</c>, and <c>reasoning_content</c> as Qwen's and DeepSeek's call it.
    /// </summary>
    private static JsonElement? ExtraOf(string? name, string reasoning)
    {
        if (name is null && reasoning.Length == 0)
        {
            return null;
        }

        var extra = new JsonObject();
        if (name is not null)
        {
            extra["name"] = name;
        }

        if (reasoning.Length > 0)
        {
            extra["reasoning_content"] = reasoning;
        }

        using JsonDocument document = JsonDocument.Parse(extra.ToJsonString());
        return document.RootElement.Clone();
    }
}

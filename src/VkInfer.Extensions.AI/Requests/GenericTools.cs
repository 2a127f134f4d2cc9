using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Tokenization;

namespace VkInfer.Extensions.AI;

/// <summary>
/// Tools for a model whose template knows none: they are described in the system message, calls stand in the assistant's text, and results
/// in
/// a user's message, each between tags.
/// </summary>
internal static class GenericTools
{
    /// <summary>A conversation as such a template takes it.</summary>
    public static IReadOnlyList<TemplateMessage> Write(IReadOnlyList<ReadMessage> messages, RequestedTools tools)
    {
        var written = new List<TemplateMessage>();
        foreach (ReadMessage message in messages)
        {
            if (message.Role != TemplateRole.Tool)
            {
                string calls = string.Join('\n', message.Calls.Select(Write));
                string text = message.Text.Length > 0 && calls.Length > 0 ? $"{message.Text}\n{calls}" : message.Text + calls;
                written.Add(message.ToTemplate(text, withCalls: false));
                continue;
            }

            string result = $"<tool_response>\n{message.Text}\n</tool_response>";
            bool isNext = written.Count > 0 && written[^1].Role == TemplateRole.User
                && written[^1].Content.EndsWith("</tool_response>", StringComparison.Ordinal);
            if (isNext)
            {
                written[^1] = written[^1] with { Content = $"{written[^1].Content}\n{result}" };
            }
            else
            {
                written.Add(new TemplateMessage(TemplateRole.User, result));
            }
        }

        if (tools.All.Count > 0)
        {
            string description = Describe(tools);
            if (written[0].Role == TemplateRole.System)
            {
                written[0] = written[0] with { Content = $"{written[0].Content}\n\n{description}" };
            }
            else
            {
                written.Insert(0, new TemplateMessage(TemplateRole.System, description));
            }
        }

        return written;
    }

    private static string Write(ReadCall call)
    {
        var json = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.DeepClone() };
        return $"<tool_call>\n{json.ToJsonString()}\n</tool_call>";
    }

    private static string Describe(RequestedTools tools)
    {
        var text = new StringBuilder("You can call these functions:\n");
        foreach (JsonNode? tool in tools.ToJson())
        {
            text.Append(tool!["function"]!.ToJsonString()).Append('\n');
        }

        return text.Append(
            "To call one, write <tool_call>{\"name\": its name, \"arguments\": an object of its arguments}</tool_call>. "
            + "Its result comes in <tool_response></tool_response>.").ToString();
    }
}

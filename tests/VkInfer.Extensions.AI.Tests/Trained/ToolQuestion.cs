using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI.Tests.Trained;

/// <summary>A question with tools that the embedded model was not trained on, as tools/train/evaluate.py writes it.</summary>
/// <param name="Skill">What it asks for.</param>
/// <param name="Tools">Declarations, as the template gets them.</param>
/// <param name="Messages">The conversation up to the answer.</param>
/// <param name="Prompt">The same as the text that training makes of it.</param>
/// <param name="Answer">The right answer, calls included.</param>
internal sealed record ToolQuestion(string Skill, JsonElement Tools, JsonElement Messages, string Prompt, string Answer)
{
    /// <summary>All questions, by skill.</summary>
    public static IReadOnlyList<ToolQuestion> All { get; } = Read();

    /// <summary>Options that declare the tools.</summary>
    public ChatOptions Options() => new()
    {
        Temperature = 0,
        MaxOutputTokens = 80,
        Tools =
        [
            .. Tools.EnumerateArray().Select(tool => AIFunctionFactory.CreateDeclaration(
                tool.GetProperty("name").GetString()!, tool.GetProperty("description").GetString(), tool.GetProperty("parameters"))),
        ],
    };

    /// <summary>The conversation as programs have it.</summary>
    public IEnumerable<ChatMessage> Conversation()
    {
        int calls = 0;
        foreach (JsonElement message in Messages.EnumerateArray())
        {
            string content = message.GetProperty("content").GetString()!;
            var role = new ChatRole(message.GetProperty("role").GetString()!);
            if (role == ChatRole.Tool)
            {
                yield return new ChatMessage(role, [new FunctionResultContent($"{calls}", content)]);
            }
            else if (message.TryGetProperty("calls", out JsonElement made))
            {
                yield return new ChatMessage(role, [.. made.EnumerateArray().Select(call => new FunctionCallContent(
                    $"{++calls}", call[0].GetString()!,
                    call[1].EnumerateObject().ToDictionary(member => member.Name, member => (object?)member.Value)))]);
            }
            else
            {
                yield return new ChatMessage(role, content);
            }
        }
    }

    /// <summary>Whether an answer is right: every call with its arguments, or every word.</summary>
    public bool IsAnsweredBy(ChatResponse response)
    {
        FunctionCallContent[] calls = [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        return !Answer.StartsWith("<tool_call>", StringComparison.Ordinal)
            ? calls.Length == 0 && response.Text == Answer
            : calls is [{ Exception: null } call] && JsonNode.DeepEquals(
                JsonNode.Parse(Answer["<tool_call>".Length..^"</tool_call>".Length]),
                new JsonObject { ["name"] = call.Name, ["arguments"] = JsonSerializer.SerializeToNode(call.Arguments) });
    }

    private static List<ToolQuestion> Read()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Trained", "tools.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return
        [
            .. document.RootElement.Clone().EnumerateObject().SelectMany(skill => skill.Value.EnumerateArray().Select(
                question => new ToolQuestion(
                    skill.Name, question.GetProperty("tools"), question.GetProperty("messages"),
                    question.GetProperty("prompt").GetString()!, question.GetProperty("answer").GetString()!))),
        ];
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using VkInfer.Answers;

namespace VkInfer.Extensions.AI;

/// <summary>
/// Makes contents of an answer's pieces. A call is one content, when it is whole; one that the answer's end cut off is none.
/// </summary>
internal sealed class AnswerReader(AnswerParser parser, bool showsReasoning)
{
    private const string IdLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

    private readonly StringBuilder _arguments = new();
    private string _name = "";

    /// <summary>Whether there were calls.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Tokens of the reasoning.</summary>
    public int ReasoningTokens { get; private set; }

    /// <summary>What an update adds.</summary>
    public List<AIContent> Read(GenerationUpdate update)
    {
        bool wasReasoning = parser.IsReasoning;
        IReadOnlyList<AnswerPiece> pieces = parser.Append(update);
        ReasoningTokens += wasReasoning || parser.IsReasoning ? update.TokenIds.Count : 0;
        var contents = new List<AIContent>();
        foreach (AnswerPiece piece in pieces)
        {
            switch (piece)
            {
                case TextPiece text:
                    contents.Add(new TextContent(text.Text));
                    break;
                case ReasoningPiece reasoning when showsReasoning:
                    contents.Add(new TextReasoningContent(reasoning.Text));
                    break;
                case ToolCallPiece call:
                    _name = call.Name;
                    _arguments.Clear();
                    break;
                case ToolArgumentsPiece arguments:
                    _arguments.Append(arguments.Json);
                    break;
                case ToolCallEndPiece { IsWhole: true } end:
                    HasCalls = true;
                    contents.Add(FunctionCallContent.CreateFromParsedArguments(
                        _arguments.ToString(), end.Id ?? RandomNumberGenerator.GetString(IdLetters, 9), _name, Parse));
                    break;
            }
        }

        return contents;
    }

    /// <summary>The arguments by name, as JSON; what does not parse is told in the content's exception.</summary>
    private static Dictionary<string, object?> Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement.EnumerateObject().GroupBy(member => member.Name)
                .ToDictionary(group => group.Key, group => (object?)group.Last().Value.Clone())
            : throw new JsonException($"A call's arguments are an object; found {document.RootElement.ValueKind}.");
    }
}

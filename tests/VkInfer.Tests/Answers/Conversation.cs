using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using VkInfer.Answers;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Answers;

/// <summary>An answer of a model of some family, as its tokens come, and what is in it.</summary>
/// <param name="Family">The family.</param>
/// <param name="Template">What its chat template has in it, by which its format is found.</param>
/// <param name="Controls">The control tokens of its vocabulary.</param>
/// <param name="Prompt">The end of the prompt.</param>
/// <param name="Stream">The answer; control tokens stand in ⟦…⟧.</param>
/// <param name="Reasoning">The reasoning in it.</param>
/// <param name="Text">The text in it.</param>
/// <param name="Calls">The calls in it, each as <c>name {arguments}</c>, with <c>#id</c> behind where there is one.</param>
public sealed partial record Conversation(
    string Family, string Template, string[] Controls, string Prompt, string Stream, string Reasoning, string Text, params string[] Calls)
{
    /// <summary>The tools of all conversations.</summary>
    public static IReadOnlyList<ToolDefinition> Tools { get; } =
    [
        new("get_weather", "The weather of a place.", JsonDocument.Parse("""
            {"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":9},
            "unit":{"type":"string","enum":["C","F"]}},"required":["city"]}
            """).RootElement),
        new("now", "The time.", JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement),
    ];

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => ByteTokenizer.Of(Controls);

    /// <summary>The format that is found for it.</summary>
    public AnswerFormat Format => AnswerFormat.Of(Template, Tokenizer);

    public override string ToString() => $"{Family}: {Stream}";

    /// <summary>The stream in parts: text, or a control token.</summary>
    public static IEnumerable<(string Text, bool IsControl)> Parts(string stream) => Controlled().Split(stream)
        .Select((part, i) => (part, i % 2 == 1)).Where(part => part.Item1.Length > 0);

    /// <summary>Reads a stream that is cut into pieces of some lengths, and says what was in it, in one line.</summary>
    public string Read(string stream, Func<int> length, bool hasTools = true)
    {
        AnswerParser parser = Format.CreateParser(hasTools ? Tools : [], Prompt);
        var pieces = new List<AnswerPiece>();
        foreach ((string text, bool isControl) in Parts(stream))
        {
            for (int at = 0; at < text.Length;)
            {
                int count = isControl ? text.Length : Math.Clamp(length(), 1, text.Length - at);
                pieces.AddRange(parser.Append(text.Substring(at, count), isControl));
                at += count;
            }
        }

        pieces.AddRange(parser.End());
        return Described(pieces);
    }

    /// <summary>What is in it, in one line.</summary>
    public string Expected => $"[{Reasoning}] [{Text}]{string.Concat(Calls.Select(call => $" [{call}]"))}";

    private static string Described(List<AnswerPiece> pieces)
    {
        var reasoning = new StringBuilder();
        var text = new StringBuilder();
        var calls = new List<string>();
        foreach (AnswerPiece piece in pieces)
        {
            switch (piece)
            {
                case TextPiece part:
                    text.Append(part.Text);
                    break;
                case ReasoningPiece part:
                    reasoning.Append(part.Text);
                    break;
                case ToolCallPiece call:
                    Assert.That(call.Index, Is.EqualTo(calls.Count));
                    calls.Add(call.Name + " ");
                    break;
                case ToolArgumentsPiece part:
                    Assert.That(part.Index, Is.EqualTo(calls.Count - 1));
                    calls[^1] += part.Json;
                    break;
                case ToolCallEndPiece end:
                    calls[^1] += (end.Id is null ? "" : "#" + end.Id) + (end.IsWhole ? "" : "…");
                    break;
            }
        }

        return $"[{reasoning}] [{text}]{string.Concat(calls.Select(call => $" [{call}]"))}";
    }

    [GeneratedRegex("⟦([^⟧]*)⟧")]
    private static partial Regex Controlled();
}

using VkInfer.Grammar;

namespace VkInfer.Answers.Formats;

/// <summary>
/// The channels of gpt-oss. The prompt ends with <c>&lt;|start|&gt;assistant</c>, so that an answer begins with a channel.
/// </summary>
internal sealed class HarmonyFormat() : AnswerFormat("harmony", templateHasTools: true, hasReasoning: true)
{
    private static readonly GrammarPart Message = GrammarPart.Control("<|message|>");

    private static readonly GrammarPart NextMessage = GrammarPart.Sequence(
        GrammarPart.Control("<|end|>"), GrammarPart.Control("<|start|>"), GrammarPart.Text("assistant"));

    private protected override bool StartsInReasoning(string prompt) => false;

    private protected override AnswerParser Parser(IReadOnlyList<ToolDefinition> tools, bool startsInReasoning) =>
        new HarmonyParser(tools.Count > 0);

    private protected override GrammarPart Grammar(
        IReadOnlyList<ToolDefinition> tools, bool needsCall, int? mostCalls, GrammarPart? text, bool startsInReasoning)
    {
        var ends = new List<GrammarPart>();
        if (!needsCall || tools.Count == 0)
        {
            ends.Add(GrammarPart.Sequence(Channel("final"), Message, text ?? GrammarPart.TextWithout()));
        }

        // A call ends the answer: its result comes before another.
        ends.AddRange(tools.Select(tool => GrammarPart.Sequence(
            Channel("commentary"), GrammarPart.Text($" to=functions.{tool.Name}"),
            GrammarPart.Sequence(GrammarPart.Text(" "), GrammarPart.Control("<|constrain|>"), GrammarPart.Text("json")).Times(0, 1),
            Message, GrammarPart.Json(tool.Parameters))));

        // What the user is told before a call is text.
        GrammarPart[] channels = needsCall || text is not null ? [Channel("analysis")] : [Channel("analysis"), Channel("commentary")];
        GrammarPart before = GrammarPart.Sequence(GrammarPart.Choice(channels), Message, GrammarPart.TextWithout(), NextMessage);
        return GrammarPart.Sequence(before.Times(0, null), GrammarPart.Choice([.. ends]));
    }

    private static GrammarPart Channel(string name) => GrammarPart.Sequence(GrammarPart.Control("<|channel|>"), GrammarPart.Text(name));
}

using VkInfer.Answers.Calls;
using VkInfer.Grammar;

namespace VkInfer.Answers.Formats;

/// <summary>How calls are written between markers.</summary>
/// <param name="Open">What opens one call, or all of them.</param>
/// <param name="Close">What closes it; null: nothing.</param>
/// <param name="Next">What another call between the same markers begins with; null: none may be there.</param>
/// <param name="Body">Reads what is between.</param>
/// <param name="Call">The grammar of one call, without the markers; null: there is none for its form.</param>
/// <param name="IsOpenedOnce">Whether all calls stand between one pair of markers.</param>
/// <param name="Separator">What stands between two calls there.</param>
internal sealed record CallStyle(
    Marker? Open, Marker? Close, string? Next, Func<IReadOnlyList<ToolDefinition>, CallBody> Body, Func<ToolDefinition, GrammarPart>? Call,
    bool IsOpenedOnce = false, GrammarPart? Separator = null)
{
    /// <summary>What stands between the opening marker and the first call.</summary>
    public string Before { get; init; } = "";

    /// <summary>What stands between the last call and the closing marker.</summary>
    public string Behind { get; init; } = "";
}

/// <summary>Formats whose reasoning and calls stand between markers.</summary>
internal sealed class TaggedFormat(string name, bool templateHasTools, (Marker Open, Marker Close)? reasoning, CallStyle calls)
    : AnswerFormat(name, templateHasTools, reasoning is not null)
{
    /// <inheritdoc/>
    public override bool CanHoldCalls => calls.Call is not null;

    private protected override bool StartsInReasoning(string prompt) =>
        reasoning is { } marks && prompt.TrimEnd().EndsWith(marks.Open.Text.TrimEnd(), StringComparison.Ordinal);

    private protected override AnswerParser Parser(IReadOnlyList<ToolDefinition> tools, bool startsInReasoning) =>
        calls.Open is null && tools.Count > 0 ? new LlamaParser()
        : new TaggedParser(
            new AnswerTags
            {
                Reasoning = reasoning is { } marks ? (marks.Open.InStream, marks.Close.InStream) : null,
                Calls = tools.Count == 0 ? null : new AnswerTags.CallTags(
                    calls.Open!.Value.InStream, calls.Close?.InStream, calls.Next, () => calls.Body(tools)),
            },
            startsInReasoning);

    private protected override GrammarPart Grammar(
        IReadOnlyList<ToolDefinition> tools, bool needsCall, int? mostCalls, GrammarPart? text, bool startsInReasoning)
    {
        bool isBeginning = calls.Open is null;
        GrammarPart answer = text ?? (isBeginning
            ? GrammarPart.TextUnless("{")
            : GrammarPart.TextWithout([.. calls.Open!.Value.Excluded, .. reasoning?.Open.Excluded ?? []]));
        if (tools.Count > 0)
        {
            GrammarPart some = Calls(tools, mostCalls);

            // A form for text is one for answers without calls; free text may stand before them, unless calls are known by how an answer
            // begins.
            answer = needsCall ? some
                : text is not null || isBeginning ? GrammarPart.Choice(answer, some)
                : GrammarPart.Sequence(answer, some.Times(0, 1));
        }

        return reasoning is { } marks ? GrammarPart.Sequence(Reasoning(marks, startsInReasoning), GrammarPart.Space(4), answer) : answer;
    }

    private GrammarPart Calls(IReadOnlyList<ToolDefinition> tools, int? most)
    {
        GrammarPart one = GrammarPart.Choice([.. tools.Select(calls.Call!)]);
        GrammarPart open = calls.Open?.Part ?? GrammarPart.Nothing, close = calls.Close?.Part ?? GrammarPart.Nothing;
        if (calls.IsOpenedOnce)
        {
            GrammarPart more = GrammarPart.Sequence(calls.Separator ?? GrammarPart.Nothing, one).Times(0, most - 1);
            return GrammarPart.Sequence(
                open, GrammarPart.Text(calls.Before), one, more, GrammarPart.Text(calls.Behind), close);
        }

        GrammarPart whole = GrammarPart.Sequence(open, one, close);
        return GrammarPart.Sequence(whole, GrammarPart.Sequence(calls.Separator ?? GrammarPart.Space(2), whole).Times(0, most - 1));
    }

    private static GrammarPart Reasoning((Marker Open, Marker Close) marks, bool isOpen)
    {
        GrammarPart rest = GrammarPart.Sequence(GrammarPart.TextWithout(marks.Close.Excluded), marks.Close.Part);
        return isOpen ? rest : GrammarPart.Sequence(marks.Open.Part, rest).Times(0, 1);
    }
}

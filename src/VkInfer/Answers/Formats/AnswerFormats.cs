using System.Text.Json;
using VkInfer.Answers.Calls;
using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer.Answers.Formats;

/// <summary>The formats that are known, and how each is recognised: by what a template writes that others do not.</summary>
internal static class AnswerFormats
{
    private static readonly (string Open, string Close)[] ReasoningTags =
    [
        ("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("<seed:think>", "</seed:think>"), ("<|channel>thought", "<channel|>"),
    ];

    /// <summary>An id of a call, as Mistral's models write them.</summary>
    private static GrammarPart Id { get; } = GrammarPart.StringWithout(
        JsonDocument.Parse("""{"type":"string","pattern":"^[A-Za-z0-9]{9}$"}""").RootElement, "#");

    public static AnswerFormat Find(string template, Tokenizer tokenizer)
    {
        bool Has(string text) => template.Contains(text, StringComparison.Ordinal);
        if (Has("<|channel|>") && Has("<|message|>"))
        {
            return new HarmonyFormat();
        }

        Marker Mark(string text) => Marker.Of(text, tokenizer);
        string InStream(string text) => Mark(text).InStream;
        (Marker, Marker)? reasoning = Reasoning(Has, tokenizer);
        AnswerFormat Tagged(string name, CallStyle calls) => new TaggedFormat(name, name != "generic", reasoning, calls);

        if (Has("<|tool_call>") && Has("<tool_call|>"))
        {
            return Tagged("gemma", Gemma(Mark("<|tool_call>"), Mark("<tool_call|>"), InStream("<|\"|>")));
        }

        if (Has("<start_function_call>"))
        {
            return Tagged("gemma", Gemma(Mark("<start_function_call>"), Mark("<end_function_call>"), InStream("<escape>")));
        }

        if (Has("<function="))
        {
            return Tagged("qwen-coder", QwenCoder(Mark));
        }

        if (Has("<arg_key>"))
        {
            return Tagged("glm", Glm(Mark));
        }

        if (Has("<tool_call>"))
        {
            return Tagged("hermes", Hermes(Mark));
        }

        if (Has("[TOOL_CALLS]"))
        {
            return Tagged("mistral", Has("[ARGS]") ? NamedMistral(Mark) : Mistral(Mark));
        }

        if (Has("<｜tool▁call▁begin｜>"))
        {
            return Tagged("deepseek", DeepSeek(Mark, isFenced: Has("```json")));
        }

        if (Has("<|tool_call|>"))
        {
            return Tagged("phi", List(Mark("<|tool_call|>"), Mark("<|/tool_call|>")));
        }

        return Has("<|python_tag|>") || (Has("\"parameters\"") && Has("tools"))
            ? Tagged("llama", Llama())
            : Tagged("generic", Hermes(Mark));
    }

    private static (Marker, Marker)? Reasoning(Func<string, bool> has, Tokenizer tokenizer)
    {
        foreach ((string open, string close) in ReasoningTags)
        {
            if (has(close) || (tokenizer.TryGetSpecialTokenId(open, out _) && tokenizer.TryGetSpecialTokenId(close, out _)))
            {
                // Gemma's opening is a token with a word behind it.
                int word = open.IndexOf('>', StringComparison.Ordinal) + 1;
                bool isSplit = word > 0 && word < open.Length && Marker.Of(open[..word], tokenizer).IsControl;
                Marker first = isSplit ? new Marker(open[..word], true, open[word..]) : Marker.Of(open, tokenizer);
                return (first, Marker.Of(close, tokenizer));
            }
        }

        return null;
    }

    private static CallStyle Hermes(Func<string, Marker> mark) => new(
        mark("<tool_call>"), mark("</tool_call>"), "{", _ => new JsonCallBody(),
        tool => Lined(Object(tool, "arguments")));

    private static CallStyle QwenCoder(Func<string, Marker> mark) => new(
        mark("<tool_call>"), mark("</tool_call>"), "<function=", tools => new XmlFunctionBody(tools),
        tool => Lined(GrammarPart.Sequence(
            GrammarPart.Text($"<function={tool.Name}>\n"),
            Arguments(
                tool, (name, value) => GrammarPart.Sequence(
                    GrammarPart.Text($"<parameter={name}>\n"), value, GrammarPart.Text("\n</parameter>\n")),
                ["</parameter>", "</function>"]),
            GrammarPart.Text("</function>"))));

    private static CallStyle Glm(Func<string, Marker> mark) => new(
        mark("<tool_call>"), mark("</tool_call>"), null,
        tools => new KeyValueBody(tools, text => mark(text).InStream, mark("</tool_call>").InStream),
        tool => GrammarPart.Sequence(
            GrammarPart.Text($"{tool.Name}\n"),
            Arguments(
                tool, (name, value) => GrammarPart.Sequence(
                    mark("<arg_key>").Part, GrammarPart.Text(name), mark("</arg_key>").Part, GrammarPart.Text("\n"),
                    mark("<arg_value>").Part, value, mark("</arg_value>").Part, GrammarPart.Text("\n")), mark("</arg_value>").Excluded)));

    private static CallStyle Mistral(Func<string, Marker> mark) => new(
        mark("[TOOL_CALLS]"), null, null, _ => new JsonArrayBody(),
        tool => Object(
            tool, "arguments", GrammarPart.Sequence(GrammarPart.Text(", \"id\": \""), Id, GrammarPart.Text("\"")).Times(0, 1)),
        IsOpenedOnce: true, GrammarPart.Text(", "))
    {
        Before = "[",
        Behind = "]",
    };

    private static CallStyle NamedMistral(Func<string, Marker> mark) => new(
        mark("[TOOL_CALLS]"), null, null, _ => new NamedJsonBody(mark("[ARGS]").InStream, mark("[CALL_ID]").InStream),
        tool => GrammarPart.Sequence(
            GrammarPart.Text(tool.Name), GrammarPart.Sequence(mark("[CALL_ID]").Part, Id).Times(0, 1), mark("[ARGS]").Part,
            GrammarPart.Json(tool.Parameters)));

    private static CallStyle List(Marker open, Marker close) => new(
        open, close, null, _ => new JsonArrayBody(), tool => Object(tool, "arguments"), IsOpenedOnce: true, GrammarPart.Text(", "))
    {
        Before = "[",
        Behind = "]",
    };

    private static CallStyle Llama() => new(
        null, null, null, _ => new JsonCallBody(), tool => Object(tool, "parameters"), Separator: GrammarPart.Text("; "));

    private static CallStyle DeepSeek(Func<string, Marker> mark, bool isFenced) => new(
        mark("<｜tool▁calls▁begin｜>"), mark("<｜tool▁calls▁end｜>"), null, _ => new DeepSeekBody(text => mark(text).InStream),
        tool => GrammarPart.Sequence(
            mark("<｜tool▁call▁begin｜>").Part,
            isFenced
                ? GrammarPart.Sequence(
                    GrammarPart.Text("function"), mark("<｜tool▁sep｜>").Part, GrammarPart.Text($"{tool.Name}\n```json\n"),
                    GrammarPart.Json(tool.Parameters), GrammarPart.Text("\n```"))
                : GrammarPart.Sequence(GrammarPart.Text(tool.Name), mark("<｜tool▁sep｜>").Part, GrammarPart.Json(tool.Parameters)),
            mark("<｜tool▁call▁end｜>").Part),
        IsOpenedOnce: true, GrammarPart.Text("\n").Times(0, 1));

    private static CallStyle Gemma(Marker open, Marker close, string quote) => new(
        open, close, null, _ => new BracedBody(quote, close.InStream), Call: null);

    private static GrammarPart Lined(GrammarPart part)
    {
        GrammarPart line = GrammarPart.Text("\n").Times(0, 1);
        return GrammarPart.Sequence(line, part, line);
    }

    private static GrammarPart Object(ToolDefinition tool, string arguments, GrammarPart? more = null)
    {
        GrammarPart space = GrammarPart.Text(" ").Times(0, 1);
        return GrammarPart.Sequence(
            GrammarPart.Text("{\"name\":"), space, GrammarPart.Text($"{ArgumentsWriter.Quoted(tool.Name)},"), space,
            GrammarPart.Text($"\"{arguments}\":"), space, GrammarPart.Json(tool.Parameters), more ?? GrammarPart.Nothing,
            GrammarPart.Text("}"));
    }

    /// <summary>Arguments one by one, in the schema's order: strings as free text, others as JSON.</summary>
    private static GrammarPart Arguments(ToolDefinition tool, Func<string, GrammarPart, GrammarPart> argument, string[] ends)
    {
        var parts = new List<GrammarPart>();
        HashSet<string> required = tool.Parameters.TryGetProperty("required", out JsonElement names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : [];
        if (tool.Parameters.TryGetProperty("properties", out JsonElement properties))
        {
            foreach (JsonProperty property in properties.EnumerateObject())
            {
                string pointer = $"#/properties/{Uri.EscapeDataString(Escaped(property.Name))}";
                GrammarPart value = ArgumentsWriter.IsText(property.Value)
                    ? GrammarPart.StringWithout(tool.Parameters, pointer, [.. ends, "\n</"])
                    : GrammarPart.Json(tool.Parameters, pointer);
                parts.Add(argument(property.Name, value).Times(required.Contains(property.Name) ? 1 : 0, 1));
            }
        }

        return GrammarPart.Sequence([.. parts]);

        static string Escaped(string name) =>
            name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
    }
}

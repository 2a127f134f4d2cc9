using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using VkInfer.Answers;
using VkInfer.Grammar;

namespace VkInfer.Extensions.AI;

/// <summary>A conversation and its options, as the runtime takes them.</summary>
/// <param name="Prompt">The prompt's token ids.</param>
/// <param name="Generation">How to answer.</param>
/// <param name="Parser">Reads the answer.</param>
/// <param name="ShowsReasoning">Whether the caller wants to see the reasoning.</param>
internal sealed record ChatRequest(int[] Prompt, GenerationOptions Generation, AnswerParser Parser, bool ShowsReasoning)
{
    /// <summary>Reads a request; what cannot be honoured is refused, naming it.</summary>
    /// <param name="client">Who is asked.</param>
    /// <param name="modelIds">What <see cref="ChatOptions.ModelId"/> may be.</param>
    /// <param name="text">The model.</param>
    /// <param name="defaults">What holds where the options say nothing.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">The options; null: the defaults.</param>
    /// <exception cref="NotSupportedException">A message or an option asks for what the runtime does not have.</exception>
    /// <exception cref="ArgumentException">An option's value is not allowed.</exception>
    public static ChatRequest Read(
        IChatClient client, IReadOnlyList<string> modelIds, ModelText text, GenerationOptions defaults, IEnumerable<ChatMessage> messages,
        ChatOptions? options)
    {
        IReadOnlyList<ReadMessage> read = MessageReader.Read(messages, options?.Instructions);
        GenerationOptions generation = options is null ? defaults : ChatOptionsReader.Read(client, modelIds, defaults, options);
        RequestedTools tools = RequestedTools.Read(options);
        var variables = new JsonObject();
        if (options?.AdditionalProperties is { } more && AdditionalOptions.ReadTemplateVariables(more) is { } given)
        {
            variables = JsonObject.Create(given)!;
        }

        ReasoningReader.Apply(options?.Reasoning, text, variables);
        if (tools.All.Count > 0 && text.Format.TemplateHasTools)
        {
            variables["tools"] = tools.ToJson();
        }

        int[] prompt = text.Template.Render(
            text.Tokenizer,
            text.Format.TemplateHasTools ? [.. read.Select(message => message.ToTemplate(message.Text))] : GenericTools.Write(read, tools),
            addGenerationPrompt: true, variables.Count == 0 ? null : Parsed(variables));
        string tail = AnswerFormat.TailOf(prompt, text.Tokenizer);
        return new ChatRequest(
            prompt, WithGrammar(generation, options?.ResponseFormat, tools, text, tail), text.Format.CreateParser(tools.Callable, tail),
            options?.Reasoning?.Output != ReasoningOutput.None);
    }

    private static GenerationOptions WithGrammar(
        GenerationOptions generation, ChatResponseFormat? format, RequestedTools tools, ModelText text, string tail)
    {
        JsonElement? schema = format switch
        {
            null or ChatResponseFormatText => null,
            ChatResponseFormatJson { Schema: { } some } => some,
            ChatResponseFormatJson => GrammarCache.AnyObject,
            _ => throw new NotSupportedException(
                $"ChatOptions.ResponseFormat is {format.GetType()}; known are text, JSON, and JSON of a schema."),
        };
        if (tools.Callable.Count == 0 && schema is null)
        {
            return generation;
        }

        if (generation.Grammar is not null && tools.Callable.Count > 0)
        {
            throw new NotSupportedException("ChatOptions.Tools: beside a grammar of GenerationOptions, calls cannot be held to theirs.");
        }

        string? member = tools.NeedsCall ? nameof(ChatOptions.ToolMode)
            : !tools.MayCallSeveral ? nameof(ChatOptions.AllowMultipleToolCalls)
            : schema is not null ? nameof(ChatOptions.ResponseFormat) : null;
        if (tools.Callable.Count > 0 && !text.Format.CanHoldCalls && member is not null)
        {
            throw new NotSupportedException(
                $"ChatOptions.{member}: calls in the form of {text.Format.Name} are read, but cannot be held to a grammar.");
        }

        // The same few are asked for again and again, and a grammar that lives on keeps its masks.
        string key = string.Join('\0', [
            $"{text.Id} {tools.NeedsCall} {tools.MayCallSeveral}", tail[Math.Max(0, tail.Length - 24)..], schema?.GetRawText() ?? "",
            .. tools.Callable.SelectMany(tool => new[] { tool.Name, tool.Parameters.GetRawText() })]);
        CompiledGrammar? grammar = GrammarCache.Get(key, () => text.Format.CreateGrammar(
            tools.Callable, tools.NeedsCall, tools.MayCallSeveral, schema is { } json ? GrammarPart.Json(json) : null, tail));
        return grammar is null ? generation : generation with { Grammar = grammar };
    }

    private static JsonElement Parsed(JsonObject json)
    {
        using JsonDocument document = JsonDocument.Parse(json.ToJsonString());
        return document.RootElement.Clone();
    }
}

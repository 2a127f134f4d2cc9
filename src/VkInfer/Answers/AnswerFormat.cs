using VkInfer.Answers.Formats;
using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer.Answers;

/// <summary>
/// How a family of models writes reasoning and tool calls: found by what its chat template writes and its vocabulary has. Immutable and
/// thread-safe.
/// </summary>
/// <remarks>
/// A model whose template knows no tools is told of them in the system message and answers in the generic form, which is that of Hermes:
/// <c>&lt;tool_call&gt;{"name": "…", "arguments": {…}}&lt;/tool_call&gt;</c>, once for each call.
/// </remarks>
public abstract class AnswerFormat
{
    // Enough for the end of a generation prompt.
    private const int TailLength = 64;

    private protected AnswerFormat(string name, bool templateHasTools, bool hasReasoning) =>
        (Name, TemplateHasTools, HasReasoning) = (name, templateHasTools, hasReasoning);

    /// <summary>The format's name, as <c>hermes</c>, <c>harmony</c> or <c>generic</c>.</summary>
    public string Name { get; }

    /// <summary>Whether the template itself describes tools; else the caller does, in the system message.</summary>
    public bool TemplateHasTools { get; }

    /// <summary>Whether answers may have reasoning.</summary>
    public bool HasReasoning { get; }

    /// <summary>Whether calls can be held to a grammar: required, limited to one, or beside a schema for text.</summary>
    public virtual bool CanHoldCalls => true;

    /// <summary>Finds the format of a model.</summary>
    /// <param name="template">The source of its chat template; null: it has none.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public static AnswerFormat Of(string? template, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return AnswerFormats.Find(template ?? "", tokenizer);
    }

    /// <summary>Starts reading an answer.</summary>
    /// <param name="tools">The tools that the model may call; with none, calls are text.</param>
    /// <param name="prompt">The end of the prompt as text, control tokens included: it may have opened the reasoning already.</param>
    public AnswerParser CreateParser(IReadOnlyList<ToolDefinition> tools, string prompt)
    {
        ArgumentNullException.ThrowIfNull(tools);
        ArgumentNullException.ThrowIfNull(prompt);
        return Parser(tools, StartsInReasoning(prompt));
    }

    /// <summary>The end of a prompt, as <see cref="CreateParser"/> takes it.</summary>
    public static string TailOf(ReadOnlySpan<int> prompt, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.Decode(prompt[Math.Max(0, prompt.Length - TailLength)..], skipSpecial: false);
    }

    /// <summary>The grammar that keeps an answer to what is asked of it; null where nothing is.</summary>
    /// <param name="tools">The tools that may be called; their arguments are then valid under their schemas.</param>
    /// <param name="needsCall">Whether there must be a call; else there may be text, calls, or both.</param>
    /// <param name="mayCallSeveral">Whether there may be more than one call.</param>
    /// <param name="text">What text must be; null: any. Reasoning comes before it and is free.</param>
    /// <param name="prompt">The end of the prompt as text.</param>
    /// <exception cref="GrammarException">A schema is wrong or not supported.</exception>
    public CompiledGrammar? CreateGrammar(
        IReadOnlyList<ToolDefinition> tools, bool needsCall, bool mayCallSeveral, GrammarPart? text, string prompt)
    {
        ArgumentNullException.ThrowIfNull(tools);
        ArgumentNullException.ThrowIfNull(prompt);
        if (tools.Count > 0 && !CanHoldCalls && !needsCall && text is null)
        {
            return null;
        }

        return tools.Count > 0 && !CanHoldCalls
            ? throw new GrammarException("", $"calls in the form of {Name} are read, but cannot be required or stand beside a schema")
            : tools.Count == 0 && text is null ? null
            : Grammar(tools, needsCall, mayCallSeveral ? null : 1, text, StartsInReasoning(prompt)).Compile();
    }

    /// <summary>Whether a prompt ends within the reasoning.</summary>
    private protected abstract bool StartsInReasoning(string prompt);

    private protected abstract AnswerParser Parser(IReadOnlyList<ToolDefinition> tools, bool startsInReasoning);

    private protected abstract GrammarPart Grammar(
        IReadOnlyList<ToolDefinition> tools, bool needsCall, int? mostCalls, GrammarPart? text, bool startsInReasoning);
}

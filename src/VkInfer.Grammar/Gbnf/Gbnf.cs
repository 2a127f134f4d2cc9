using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>
/// Grammars in GBNF, the notation of llama.cpp: rules <c>name ::= …</c>, literals <c>"…"</c>, classes <c>[a-z]</c> and <c>[^a-z]</c>,
/// <c>.</c>, groups <c>(…)</c>, alternatives <c>|</c>, repetitions <c>* + ? {m} {m,} {m,n}</c>, comments <c># …</c>. Escapes are
/// <c>\n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH</c>. Matching begins with the rule <c>root</c>.
/// </summary>
public static class Gbnf
{
    /// <summary>Reads a grammar.</summary>
    /// <param name="text">The grammar; may come from a stranger: its cost is bounded.</param>
    /// <exception cref="GrammarException">It is wrong, left-recursive, endless or too large; the message has the line.</exception>
    public static CompiledGrammar Compile(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= Limits.TextLength
            ? new CompiledGrammar(AutomatonBuilder.Build(new GbnfParser(text).Parse(), Limits.GrammarDepth))
            : throw new GrammarException("", $"the grammar has {text.Length} characters; at most {Limits.TextLength} are read");
    }
}

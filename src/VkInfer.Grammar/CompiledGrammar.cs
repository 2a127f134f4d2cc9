using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>
/// What a text must match: made by <see cref="Gbnf"/> or <see cref="JsonSchema"/>. Immutable and thread-safe; one grammar serves any
/// number of models and sessions at a time.
/// </summary>
public sealed class CompiledGrammar
{
    internal CompiledGrammar(Automaton automaton) => Automaton = automaton;

    internal Automaton Automaton { get; }

    /// <summary>Whether a whole text matches.</summary>
    /// <exception cref="GrammarException">There are too many ways to read the text.</exception>
    public bool IsMatch(string text) => Read(text) is { Accepts: true };

    /// <summary>Whether a text is the beginning of one that matches.</summary>
    /// <exception cref="GrammarException">There are too many ways to read the text.</exception>
    public bool IsPrefix(string text) => Read(text) is { IsDead: false };

    private ConfigurationSet Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var automaton = new LazyAutomaton(Automaton);
        ConfigurationSet set = automaton.Start();
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            set = automaton.Step(automaton.Begin(set), value);
        }

        return set;
    }
}

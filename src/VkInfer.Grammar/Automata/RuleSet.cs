namespace VkInfer.Grammar.Automata;

/// <summary>Rules under construction; the first is where matching starts.</summary>
internal sealed class RuleSet
{
    private readonly List<(string Name, string Location, Expression? Body)> _rules = [];

    public int Count => _rules.Count;

    public (string Name, string Location, Expression? Body) this[int rule] => _rules[rule];

    /// <summary>Adds a rule whose body may follow later.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="location">For messages.</param>
    /// <param name="body">What it matches.</param>
    /// <returns>Its index.</returns>
    public int Add(string name, string location, Expression? body = null)
    {
        if (_rules.Count >= Limits.Rules)
        {
            throw new GrammarException(location, $"more than {Limits.Rules} rules");
        }

        _rules.Add((name, location, body));
        return _rules.Count - 1;
    }

    /// <summary>Gives a rule its body.</summary>
    public void Define(int rule, string location, Expression body) => _rules[rule] = (_rules[rule].Name, location, body);
}

using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar.Facts;

/// <summary>Whether no value can be valid in two ways. What cannot be proved is taken for possible.</summary>
internal sealed class Disjointness
{
    private const int MostDepth = 6;
    private const int MostSteps = 200_000;

    private readonly SchemaExpander _expander;
    private readonly ValueCheck _check;
    private int _depth;
    private int _steps;

    public Disjointness(SchemaExpander expander)
    {
        _expander = expander;
        _check = new ValueCheck(expander);
    }

    /// <summary>Whether no value is valid in one of some ways and one of others.</summary>
    public bool Of(IReadOnlyList<ValueFacts> some, IReadOnlyList<ValueFacts> others) =>
        some.All(one => others.All(other => Of(one, other)));

    private bool Of(ValueFacts a, ValueFacts b)
    {
        if (++_steps > MostSteps)
        {
            throw Fault("", "'oneOf' has too many schemas to tell apart");
        }

        if (ValueFacts.Both(a, b) is not { } both)
        {
            return true;
        }

        if (both.Enum is { } values)
        {
            return !values.Any(value => _check.Allows(both, value));
        }

        // What types are not spoken of is valid in both all the same.
        JsonTypes left = both.Types;
        return Without(JsonTypes.Object, DifferInProperty) && Without(JsonTypes.String, DifferInText) && left == JsonTypes.None;

        bool Without(JsonTypes type, Func<ValueFacts, bool> isEmpty)
        {
            left &= (left & type) != 0 && isEmpty(both) ? ~type : JsonTypes.All;
            return true;
        }
    }

    private static bool DifferInText(ValueFacts both) => both.Strings.Count > 1 && StringLanguage.Of(both).IsEmpty;

    /// <summary>Whether a property that must be there can have no value.</summary>
    private bool DifferInProperty(ValueFacts both)
    {
        if (_depth >= MostDepth)
        {
            return false;
        }

        _depth++;
        bool differs = both.Required.Any(name => IsImpossible(ValueCheck.PropertyGoal(both, name)));
        _depth--;
        return differs;
    }

    private bool IsImpossible(Goal goal) => goal.IsNothing
        || (!goal.IsAnything && _expander.Expand(goal).All(facts => facts.Enum is { } values
            ? !values.Any(value => _check.Allows(facts, value))
            : (facts.Types & ~(JsonTypes.Object | JsonTypes.String)) == JsonTypes.None
                && ((facts.Types & JsonTypes.Object) == 0 || DifferInProperty(facts))
                && ((facts.Types & JsonTypes.String) == 0 || DifferInText(facts))));
}

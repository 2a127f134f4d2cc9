using System.Text.Json;

namespace VkInfer.Grammar.Facts;

/// <summary>Whether a value that a schema lists is valid under what else it says.</summary>
internal sealed class ValueCheck(SchemaExpander expander)
{
    /// <summary>Whether a goal allows a value.</summary>
    public bool Allows(Goal goal, JsonElement value) => expander.Expand(goal).Any(facts => Allows(facts, value));

    /// <summary>Whether facts allow a value. Formats count as narrowly as they are written.</summary>
    public bool Allows(ValueFacts facts, JsonElement value)
    {
        JsonTypes type = FactReader.TypeOf(value);
        if ((facts.Types & type) == 0
            || (facts.Enum is { } some && !some.Any(other => JsonElement.DeepEquals(value, other)))
            || facts.NotEnum.Any(other => JsonElement.DeepEquals(value, other)))
        {
            return false;
        }

        return type switch
        {
            JsonTypes.String => AllowsString(facts, value.GetString()!),
            JsonTypes.Integer or JsonTypes.Fraction => AllowsNumber(facts, value),
            JsonTypes.Array => AllowsArray(facts, value),
            JsonTypes.Object => AllowsObject(facts, value),
            _ => true,
        };
    }

    private static bool AllowsString(ValueFacts facts, string value)
    {
        int length = value.EnumerateRunes().Count();
        return length >= facts.MinLength && !(length > facts.MaxLength)
            && (facts.Strings.Count == 0 || StringLanguage.Of(facts with { MinLength = 0, MaxLength = null, NotEnum = [] }).IsMatch(value));
    }

    private static bool AllowsNumber(ValueFacts facts, JsonElement value)
    {
        if (facts.Min is null && facts.Max is null && facts.Steps.Count == 0)
        {
            return true;
        }

        // What a decimal cannot hold is far from every bound that there is.
        decimal number = value.TryGetDecimal(out decimal exact) ? exact : Math.Sign(value.GetDouble()) * (decimal)1e20;
        return !(facts.Min is { } min && (number < min.Value || (min.IsExclusive && number == min.Value)))
            && !(facts.Max is { } max && (number > max.Value || (max.IsExclusive && number == max.Value)))
            && facts.Steps.All(step => number % step.Step == 0 != step.IsNegated);
    }

    private bool AllowsArray(ValueFacts facts, JsonElement value)
    {
        JsonElement[] items = [.. value.EnumerateArray()];
        return items.Length >= facts.MinItems && !(items.Length > facts.MaxItems)
            && (facts.UniqueAt is null || !items.Where((item, i) => items.Take(i).Any(other => JsonElement.DeepEquals(item, other))).Any())
            && items.Select((item, i) => Allows(ItemGoal(facts, i), item)).All(allowed => allowed);
    }

    private bool AllowsObject(ValueFacts facts, JsonElement value)
    {
        JsonProperty[] members = [.. value.EnumerateObject()];
        return members.Length >= facts.MinProperties && !(members.Length > facts.MaxProperties)
            && facts.Required.All(name => members.Any(member => member.Name == name))
            && !facts.Forbidden.Any(name => members.Any(member => member.Name == name))
            && members.All(member => AllowsName(facts, member.Name) && Allows(PropertyGoal(facts, member.Name), member.Value));
    }

    /// <summary>Whether a property may have a name.</summary>
    public bool AllowsName(ValueFacts facts, string name) =>
        facts.Names.Count == 0 || Allows(new Goal(facts.Names), JsonSerializer.SerializeToElement(name, NameContext.Default.String));

    /// <summary>What a property's value must be.</summary>
    public static Goal PropertyGoal(ValueFacts facts, string name) => new(facts.Objects.SelectMany(shape => shape.Of(name)));

    /// <summary>What an item must be.</summary>
    public static Goal ItemGoal(ValueFacts facts, int index) =>
        new(facts.Arrays.Select(shape => shape.Of(index)).Where(part => part is not null).Select(part => part!.Value));
}

/// <summary>Names as JSON, without reflection.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class NameContext : System.Text.Json.Serialization.JsonSerializerContext;

using System.Text.Json.Nodes;

namespace VkInfer.Grammar.Tests;

/// <summary>Changes values and keywords of a schema, so that it stays JSON.</summary>
internal static class SchemaMutation
{
    private static readonly string[] Keywords =
    [
        "type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "enum", "const", "anyOf",
        "oneOf", "allOf", "$ref", "$defs", "minLength", "maxLength", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "title", "pattern", "not", "if", "then", "else", "multipleOf", "uniqueItems", "minProperties", "maxProperties", "patternProperties",
        "propertyNames", "dependentRequired", "contains",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "2.5", "1e400", "99999", "100001", "123456789012345678901234567890", "\"\"", "\"#\"",
        "\"#/$defs/n\"", "\"#/properties/name/\"", "\"string\"", "\"integer\"", "\"array\"", "\"object\"", "\"date\"", "[]", "[1]",
        "[true]", "[\"name\"]", "{}", "{\"type\":\"null\"}", "{\"$ref\":\"#\"}", "{\"items\":{\"$ref\":\"#\"}}",
        "\"^[a-z]{2,5}$\"", "\"(a|b\"", "{\"required\":[\"name\"]}", "{\"not\":{\"$ref\":\"#\"}}", "[{\"type\":\"null\"},{\"maximum\":3}]",
        "{\"^a\":{\"type\":\"null\"}}", "{\"name\":[\"age\"]}", "0.01",
    ];

    public static string Of(string schema, Random random)
    {
        JsonNode root = JsonNode.Parse(schema)!;
        for (int steps = random.Next(1, 4); steps > 0; steps--)
        {
            Change(root, random);
        }

        return root.ToJsonString();
    }

    private static void Change(JsonNode root, Random random)
    {
        JsonNode[] containers = [.. Containers(root).Where(node => node is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })];
        JsonNode other = Containers(root).ElementAt(random.Next(Containers(root).Count())).DeepClone();
        JsonNode? value = random.Next(3) == 0 ? other : JsonNode.Parse(Values[random.Next(Values.Length)]);
        switch (containers.Length == 0 ? null : containers[random.Next(containers.Length)])
        {
            case JsonObject members:
                string name = members.ElementAt(random.Next(members.Count)).Key;
                string added = random.Next(2) == 0 ? name : Keywords[random.Next(Keywords.Length)];
                if (random.Next(3) == 0)
                {
                    value = members[name]?.DeepClone();
                    members.Remove(name);
                }

                members[added] = value;
                break;
            case JsonArray items:
                items[random.Next(items.Count)] = value;
                break;
        }
    }

    private static IEnumerable<JsonNode> Containers(JsonNode? node)
    {
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        return node is JsonObject or JsonArray ? children.SelectMany(Containers).Prepend(node) : [];
    }
}

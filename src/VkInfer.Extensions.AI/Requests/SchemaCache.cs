using System.Text.Json;
using VkInfer.Grammar;

namespace VkInfer.Extensions.AI;

/// <summary>
/// The grammars of the schemas used last: programs ask for the same few again and again, and a grammar that lives on keeps its masks.
/// Thread-safe.
/// </summary>
internal static class SchemaCache
{
    private const int Most = 32;

    private static readonly Lock Gate = new();
    private static readonly LinkedList<(string Schema, CompiledGrammar Grammar)> Latest = [];
    private static readonly Lazy<CompiledGrammar> Object = new(() => JsonSchema.Compile("""{"type":"object"}"""));

    /// <summary>Any JSON object.</summary>
    public static CompiledGrammar AnyObject => Object.Value;

    /// <summary>The grammar of a schema.</summary>
    /// <exception cref="GrammarException">The schema asks for what is not supported.</exception>
    public static CompiledGrammar Get(JsonElement schema)
    {
        string text = schema.GetRawText();
        lock (Gate)
        {
            for (LinkedListNode<(string Schema, CompiledGrammar Grammar)>? node = Latest.First; node is not null; node = node.Next)
            {
                if (node.Value.Schema == text)
                {
                    Latest.Remove(node);
                    Latest.AddFirst(node);
                    return node.Value.Grammar;
                }
            }
        }

        CompiledGrammar grammar = JsonSchema.Compile(schema);
        lock (Gate)
        {
            Latest.AddFirst((text, grammar));
            if (Latest.Count > Most)
            {
                Latest.RemoveLast();
            }
        }

        return grammar;
    }
}

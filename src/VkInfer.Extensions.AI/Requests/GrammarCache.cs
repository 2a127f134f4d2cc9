using System.Text.Json;
using VkInfer.Grammar;

namespace VkInfer.Extensions.AI;

/// <summary>
/// The grammars used last: programs ask for the same few again and again, and a grammar that lives on keeps its masks. Thread-safe.
/// </summary>
internal static class GrammarCache
{
    private const int Most = 32;

    private static readonly Lock Gate = new();
    private static readonly LinkedList<(string Key, CompiledGrammar? Grammar)> Latest = [];

    /// <summary>The schema of any JSON object.</summary>
    public static JsonElement AnyObject { get; } = ObjectSchema();

    /// <summary>The grammar that is known by a key, or a new one; null: there is none.</summary>
    /// <exception cref="GrammarException">A schema asks for what is not supported.</exception>
    public static CompiledGrammar? Get(string key, Func<CompiledGrammar?> make)
    {
        lock (Gate)
        {
            for (LinkedListNode<(string Key, CompiledGrammar? Grammar)>? node = Latest.First; node is not null; node = node.Next)
            {
                if (node.Value.Key == key)
                {
                    Latest.Remove(node);
                    Latest.AddFirst(node);
                    return node.Value.Grammar;
                }
            }
        }

        CompiledGrammar? grammar = make();
        lock (Gate)
        {
            Latest.AddFirst((key, grammar));
            if (Latest.Count > Most)
            {
                Latest.RemoveLast();
            }
        }

        return grammar;
    }

    private static JsonElement ObjectSchema()
    {
        using JsonDocument document = JsonDocument.Parse("""{"type":"object"}""");
        return document.RootElement.Clone();
    }
}

using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Tests.Judge;

/// <summary>
/// Random walks through a grammar: any text that comes of one could be a model's answer. Bytes are drawn from those that may follow;
/// after a while the shortest way to an end is taken.
/// </summary>
internal sealed class RandomText(CompiledGrammar grammar, Random random)
{
    private const int MostSets = 300_000;

    private readonly LazyAutomaton _automaton = new(grammar.Automaton);

    /// <summary>One text that matches.</summary>
    /// <param name="length">Bytes before the way to an end is sought, about.</param>
    public string Next(int length)
    {
        var bytes = new List<byte>();
        ConfigurationSet set = _automaton.Begin(_automaton.Start());
        while (bytes.Count < length && !(set.Accepts && random.Next(3) == 0))
        {
            (byte Value, ConfigurationSet Set)[] next = [.. Following(set)];
            if (next.Length == 0)
            {
                break;
            }

            (byte value, set) = Draw(next, bytes);
            bytes.Add(value);
            set = _automaton.Begin(set);
        }

        bytes.AddRange(ShortestEnd(set));
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
    }

    /// <summary>
    /// Printable ASCII mostly, and some Latin letters: what combines with others is one element of a text to .NET, and a character of
    /// its own to JSON Schema, which the judge counts as .NET does. So are escapes by number left out.
    /// </summary>
    private (byte Value, ConfigurationSet Set) Draw((byte Value, ConfigurationSet Set)[] next, List<byte> before)
    {
        (byte Value, ConfigurationSet Set)[] usual = [.. next.Where(step => IsUsual(step.Value, before))];
        (byte Value, ConfigurationSet Set)[] from = usual.Length > 0 ? usual : next;

        // What closes or goes on is as likely as all letters together.
        (byte Value, ConfigurationSet Set)[] structure = [.. from.Where(step => !char.IsAsciiLetterOrDigit((char)step.Value))];
        return structure.Length > 0 && random.Next(3) == 0 ? structure[random.Next(structure.Length)] : from[random.Next(from.Length)];
    }

    private static bool IsUsual(byte value, List<byte> before) => before.LastOrDefault() switch
    {
        (byte)'\\' => value is (byte)'n' or (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'t',
        0xC3 => value is >= 0xA0 and <= 0xBF,
        _ => value is (>= 0x20 and < 0x7F) or 0xC3 or (byte)'\n',
    };

    private IEnumerable<(byte Value, ConfigurationSet Set)> Following(ConfigurationSet set)
    {
        for (int value = 0; value < 256; value++)
        {
            ConfigurationSet next = _automaton.Step(set, (byte)value);
            if (!next.IsDead)
            {
                yield return ((byte)value, next);
            }
        }
    }

    private List<byte> ShortestEnd(ConfigurationSet start)
    {
        var from = new Dictionary<ConfigurationSet, (ConfigurationSet? Set, byte Value)> { [start] = (null, 0) };
        var queue = new PriorityQueue<ConfigurationSet, int>([(start, 0)]);
        while (queue.TryDequeue(out ConfigurationSet? set, out int steps))
        {
            if (set.Accepts)
            {
                var bytes = new List<byte>();
                for (ConfigurationSet at = set; from[at] is (ConfigurationSet before, byte value); at = before)
                {
                    bytes.Insert(0, value);
                }

                return bytes;
            }

            Assert.That(from, Has.Count.LessThan(MostSets), "no end is found");

            // Fewest open rules first: a greedy way to the end.
            foreach ((byte value, ConfigurationSet next) in Following(set))
            {
                if (from.TryAdd(next, (set, value)))
                {
                    queue.Enqueue(next, steps + 1 + (10 * next.Configurations.Select(c => c.Stack?.Depth ?? 0).DefaultIfEmpty(0).Min()));
                }
            }
        }

        throw new InvalidOperationException("The grammar has no end from here.");
    }
}

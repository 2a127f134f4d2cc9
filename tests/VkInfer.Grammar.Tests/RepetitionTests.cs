using System.Text;
using System.Text.RegularExpressions;

namespace VkInfer.Grammar.Tests;

/// <summary>Counted repetitions against .NET's regular expressions, which are another implementation of the same thing.</summary>
public sealed class RepetitionTests
{
    private const int Expressions = 300;
    private const int LongestText = 6;

    [Test]
    public void Random_expressions_match_what_regular_expressions_match()
    {
        string[] texts = [.. Texts()];
        int matches = 0;
        for (int seed = 0; seed < Expressions; seed++)
        {
            var random = new Random(seed);
            string grammar = Expression(random, 3);
            string pattern = grammar.Replace("\"", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
            var regex = new Regex($"^(?:{pattern})$", RegexOptions.NonBacktracking);
            CompiledGrammar compiled = Gbnf.Compile($"root ::= {grammar}");
            bool[] expected = [.. texts.Select(text => regex.IsMatch(text))];
            for (int i = 0; i < texts.Length; i++)
            {
                Assert.That(compiled.IsMatch(texts[i]), Is.EqualTo(expected[i]), $"seed {seed}: {grammar} on '{texts[i]}'");
            }

            // Whatever a match begins with is a prefix.
            foreach (string text in texts.Where((_, i) => expected[i]).Take(20))
            {
                Assert.That(compiled.IsPrefix(text[..(text.Length / 2)]), Is.True, $"seed {seed}: {grammar} on '{text}'");
                matches++;
            }
        }

        Assert.That(matches, Is.GreaterThan(Expressions * 2));
    }

    [TestCase("root ::= [a-z]{3,1000000}", 3, 1_000_000)]
    [TestCase("root ::= x{3,1000}\nx ::= [a-z]", 3, 1000)]
    [TestCase("root ::= ([a-z] | [0-9]){500,}", 500, null)]
    [TestCase("root ::= [a-z]{1,10000} [a-z]{1,10000}", 2, 20_000)]
    [TestCase("root ::= ([a-z]?){0,100000}", 0, 100_000)]
    [TestCase("root ::= (([a-z]{10}){10}){10}", 1000, 1000)]
    public void Large_counts_are_exact(string grammar, int min, int? max)
    {
        CompiledGrammar compiled = Gbnf.Compile(grammar);
        int least = Math.Min(min, 20_001);
        int most = Math.Min(max ?? 20_001, 20_001);
        Assert.That(compiled.IsMatch(new string('a', most)), Is.True);
        Assert.That(compiled.IsMatch(new string('a', least)), Is.True);
        if (min > 0)
        {
            Assert.That(compiled.IsMatch(new string('a', min - 1)), Is.False);
            Assert.That(compiled.IsPrefix(new string('a', min - 1)), Is.True);
        }

        if (most == max)
        {
            Assert.That(compiled.IsPrefix(new string('a', most + 1)), Is.False);
        }
    }

    private static IEnumerable<string> Texts()
    {
        for (int length = 0; length <= LongestText; length++)
        {
            for (int bits = 0; bits < 1 << length; bits++)
            {
                yield return new string([.. Enumerable.Range(0, length).Select(i => (bits >> i & 1) == 0 ? 'a' : 'b')]);
            }
        }
    }

    private static string Expression(Random random, int depth)
    {
        var text = new StringBuilder();
        int alternatives = random.Next(1, 3);
        for (int i = 0; i < alternatives; i++)
        {
            text.Append(i == 0 ? "" : " | ");
            for (int parts = random.Next(1, 3); parts > 0; parts--)
            {
                string part = depth == 0 || random.Next(3) == 0
                    ? random.Next(3) switch { 0 => "\"a\"", 1 => "\"b\"", _ => "[ab]" }
                    : $"({Expression(random, depth - 1)})";
                int min = random.Next(4);
                string times = random.Next(6) switch
                {
                    0 => "*",
                    1 => "+",
                    2 => "?",
                    3 => $"{{{min},{min + random.Next(4)}}}",
                    4 => $"{{{min},}}",
                    _ => "",
                };
                text.Append(part).Append(times).Append(' ');
            }
        }

        return text.ToString();
    }
}

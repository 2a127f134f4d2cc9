using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace VkInfer.Grammar.Tests;

/// <summary>
/// Mutated grammars and schemas compile, and then texts can be read, or are refused with a <see cref="GrammarException"/>.
/// </summary>
public sealed partial class FuzzTests
{
    private const int Cases = 100_000;

    // What an automaton of the greatest size takes, beside a text of a few hundred characters.
    private const long MaxBytes = 100L << 20;

    private static readonly string[] Grammars =
    [
        "root ::= object # a comment\nobject ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\"\npair ::= string \":\" ws value\nvalue ::= object | string | [0-9]+ | \"null\"\nstring ::= \"\\\"\" ([^\"\\\\\\x00-\\x1F] | \"\\\\\" [nrt\"])* \"\\\"\"\nws ::= [ \\t\\n]{0,20}\n",
        "root ::= (item \"\\n\"){1,5}\nitem ::= \"- \" [^\\n\\u00e9\\U0001F600]{3,} | root2*\nroot2 ::= \"x\" root2? \"y\" | \".\" .\n",
        "root  ::= expr\nexpr ::= term ([-+*/] term)*\nterm ::= \"(\" expr \")\" | num\nnum ::= \"-\"? ([0-9] | [1-9] [0-9]{0,15}) (\".\" [0-9]+)?\n",
    ];

    private static readonly string[] Schemas =
    [
        """{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":20},"age":{"type":"integer","minimum":0,"maximum":120}},"required":["name"],"additionalProperties":{"type":["null","number"]}}""",
        """{"$ref":"#/$defs/n","$defs":{"n":{"anyOf":[{"type":"null"},{"type":"array","prefixItems":[{"const":1.5},{"enum":["a",null,{"b":[]}]}],"items":{"$ref":"#/$defs/n"},"minItems":1,"maxItems":9}]}}}""",
        """{"oneOf":[{"type":"string","format":"date-time"},{"type":"array","items":{"format":"uuid"}},{"type":"object"},true],"title":"é\n"}""",
    ];

    private static readonly string[] Pieces =
    [
        "\"", "\\", "(", ")", "[", "]", "{", "}", "|", "*", "+", "?", "::=", "root", "\n", "#", "-", "^", ".", "{0,99999}", "{3,2}",
        "\\u0000", "\ud800", "0", "1e99", "-1", "999999999", "true", "false", "null", ",", ":", "\"$ref\":\"#\"", "\"type\":",
        "\"items\":", "{}", "[]", "\"anyOf\":[", "\"minLength\":70000,",
    ];

    [TestCase(false)]
    [TestCase(true)]
    public void Mutations_compile_or_are_refused(bool isSchema)
    {
        string[] originals = isSchema ? Schemas : Grammars;
        long started = Stopwatch.GetTimestamp();
        int compiled = 0;
        var findings = new HashSet<string>();
        for (int seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            string original = originals[seed % originals.Length];
            string text = isSchema && seed % 4 != 0 ? SchemaMutation.Of(original, random) : Mutate(original, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                CompiledGrammar grammar = isSchema ? JsonSchema.Compile(text) : Gbnf.Compile(text);
                compiled++;
                Read(grammar, random);
            }
            catch (GrammarException fault)
            {
                findings.Add(Particulars().Replace(fault.Message[fault.Location.Length..], ""));
                Assert.That(fault.Message.Any(char.IsControl), Is.False, $"seed {seed}: {fault.Message}");
            }
            catch (Exception other) when (other is not GrammarException and not AssertionException)
            {
                Assert.Fail($"seed {seed}: {other}\n{text}");
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(MaxBytes), $"seed {seed}: {text}");
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        TestContext.Out.WriteLine($"{Cases} cases in {seconds:F1} s: {compiled} compiled, the others refused for {findings.Count} reasons");
        Assert.That(compiled, Is.InRange(Cases / 20, Cases * 19 / 20));
        Assert.That(findings, Has.Count.GreaterThan(20));
    }

    /// <summary>What differs from one message of a kind to another.</summary>
    [GeneratedRegex("'[^']*'|[0-9]+|; found.*|'.*$|\".*$")]
    private static partial Regex Particulars();

    private static void Read(CompiledGrammar grammar, Random random)
    {
        string start = random.Next(4) switch
        {
            0 => "{\"name\":\"a\",",
            1 => "- abc\n",
            2 => "((1+2",
            _ => "[1.5,\"a\",[",
        };
        _ = grammar.IsPrefix(start);
    }

    private static string Mutate(string original, Random random)
    {
        var text = new StringBuilder(original);
        for (int steps = random.Next(1, 4); steps > 0 && text.Length > 0; steps--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 12), text.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    text.Remove(at, length);
                    break;
                case 1:
                    text.Insert(random.Next(text.Length), text.ToString(at, length));
                    break;
                case 2:
                    text[at] = (char)random.Next(32, 127);
                    break;
                case 3:
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                default:
                    text.Remove(at, 1).Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
            }
        }

        return text.ToString();
    }
}

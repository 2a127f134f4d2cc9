using VkInfer.Testing;

namespace VkInfer.Jinja.Tests;

/// <summary>Mutated templates are rendered or refused with a <see cref="JinjaException"/>, in little time and memory.</summary>
public sealed class FuzzTests
{
    private const int Count = 100_000;
    private const long MostBytes = 64L << 20;

    // small, so that the many cases do not take long
    private static readonly JinjaOptions Options = Sample.Options() with
    {
        Limits = new JinjaLimits { Steps = 10_000, TotalLength = 1 << 20, TextLength = 1 << 18 },
    };

    private static readonly string[] Pieces =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "{%-", "-%}", "\n", " ", "'", "\"", "\\", "(", ")", "[", "]", "{", "}", ",", ":",
        ".", "|", "=", "==", "*", "**", "//", "%", "~", "<", " in ", " not ", " is ", " if ", " else ", " and ", " or ", "{% if 1 %}",
        "{% endif %}", "{% else %}", "{% for x in xs %}", "{% endfor %}", "{% set a = ", "{% macro m(a, b=1) %}", "{% endmacro %}",
        "{% raw %}", "{% endraw %}", "{% break %}", "{{ m(1) }}", "{{ loop.index }}", "range(9)", "namespace(a=1)", "messages", "xs",
        "d", "none", "true", "missing", "caller()", "loop", "9223372036854775807", "1e308", "-1", "0", "'x' * 99999", "|tojson",
        "|list", "|length", "|join", "|map('upper')", "|sort", "|int", ".items()", ".split()", "[::-1]", "é", "🙂", "\uD83D", "\0",
    ];

    private static readonly string[] Words =
    [
        "xs", "d", "s", "n", "f", "messages", "people", "missing", "none", "true", "0", "1", "2", "9999999", "9223372036854775807", "x",
        "a", "loop", "caller", "range", "namespace", "items", "keys", "get", "role", "content", "split", "strip", "replace", "format",
        "join", "upper", "append", "map", "select", "selectattr", "tojson", "sort", "list", "length", "first", "int", "string",
        "defined", "iterable", "mapping", "in", "not", "is", "and", "or", "if", "else",
    ];

    [Test]
    public void Mutated_templates_are_rendered_or_refused()
    {
        string[] seeds = Seeds();
        int[] kinds = new int[Enum.GetValues<JinjaErrorKind>().Length];
        var reasons = new HashSet<string>();
        int rendered = 0;
        TimeSpan start = Environment.CpuUsage.TotalTime;
        for (int seed = 0; seed < Count; seed++)
        {
            var random = new Random(seed);
            string source = Mutate(seeds, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                JinjaTemplate.Parse(source, Options).Render(Sample.Variables);
                rendered++;
            }
            catch (JinjaException exception) when (exception.Line >= 1 && exception.Reason.Length > 0)
            {
                kinds[(int)exception.Kind]++;
                reasons.Add(exception.Reason[..Math.Min(20, exception.Reason.Length)]);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception}\n{source}");
            }

            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(bytes, Is.LessThan(MostBytes), $"seed {seed}: {source}");
        }

        TimeSpan time = Environment.CpuUsage.TotalTime - start;
        TestContext.Out.WriteLine(
            $"{Count} cases: {rendered} rendered, {string.Join(", ", kinds.Select((n, kind) => $"{n} {(JinjaErrorKind)kind}"))}; {reasons.Count} reasons, {time.TotalSeconds:F1} s");

        // Otherwise the mutations are too coarse to get past the parser, and prove nothing.
        Assert.That(rendered, Is.GreaterThan(Count / 10));
        Assert.That(kinds[(int)JinjaErrorKind.Runtime], Is.GreaterThan(Count / 50));
        Assert.That(reasons, Has.Count.GreaterThan(100));
        Assert.That(time, Is.LessThan(TimeSpan.FromMinutes(1)));
    }

    private static string[] Seeds()
    {
        IEnumerable<Case> cases =
        [
            .. ArithmeticTests.Cases, .. StringTests.Cases, .. CollectionTests.Cases, .. StatementTests.Cases, .. StatementTests.Cases,
            .. StatementTests.Cases, .. WhitespaceTests.Cases,
        ];
        string[] real = ReferenceData.Root is { } root
            ? [.. Directory.GetFiles(Path.Combine(root, "chat-templates")).Order(StringComparer.Ordinal).Select(File.ReadAllText)]
            : [];
        return [.. cases.Select(test => test.Template), .. real];
    }

    private static string Mutate(string[] seeds, Random random)
    {
        string source = seeds[random.Next(seeds.Length)];
        for (int i = random.Next(2); i >= 0; i--)
        {
            int at = random.Next(source.Length + 1);
            int length = Math.Min(source.Length - at, random.Next(8));
            string other = seeds[random.Next(seeds.Length)];
            source = random.Next(10) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(at, source.Substring(at, length)),
                2 => source.Insert(at, Pieces[random.Next(Pieces.Length)]),
                3 => source.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]),
                4 => source[..at] + other[random.Next(other.Length + 1)..],
                5 => source.Insert(at, other),
                _ => ReplaceWord(source, at, random),
            };
        }

        return source;
    }

    /// <summary>Replaces the word around a place: most of what comes out can be parsed.</summary>
    private static string ReplaceWord(string source, int at, Random random)
    {
        (int start, int end) = (at, at);
        while (start > 0 && char.IsAsciiLetterOrDigit(source[start - 1]))
        {
            start--;
        }

        while (end < source.Length && char.IsAsciiLetterOrDigit(source[end]))
        {
            end++;
        }

        return start == end ? source : source[..start] + Words[random.Next(Words.Length)] + source[end..];
    }
}

using System.Diagnostics;
using System.Text;
using VkInfer.Grammar.Tokens;
using VkInfer.Testing;

namespace VkInfer.Grammar.Tests;

/// <summary>Schemas as large as they come: compiled in a second and little memory, with masks that keep up with a model.</summary>
public sealed class LargeSchemaTests
{
    private const long MostBytes = 150L << 20;

    // Of one mask, on a machine that does much else; the usual one takes a few.
    private const double MostMilliseconds = 1000;

    // As many tokens as a large vocabulary has: words of letters, most of which go on in a string.
    private static readonly Lazy<TokenTrie> Vocabulary = new(() => Tokens(128_000));

    [TestCase("optional")]
    [TestCase("required")]
    [TestCase("additional")]
    [TestCase("strings")]
    [TestCase("required without properties")]
    public void Five_thousand_properties_do(string kind)
    {
        string type = kind == "strings" ? """{"type":"string","maxLength":10000}""" : """{"type":"integer"}""";
        string required = kind.StartsWith("required", StringComparison.Ordinal) ? $",\"required\":[{Joined(i => $"\"name{i}\"")}]" : "";
        string others = kind == "additional" ? ",\"additionalProperties\":{\"type\":\"null\"}" : "";
        string properties = kind == "required without properties" ? "" : $",\"properties\":{{{Joined(i => $"\"name{i}\":{type}")}}}";
        CompiledGrammar grammar = Compile($"{{\"type\":\"object\"{properties}{required}{others}}}");

        string value = kind == "strings" ? "\"x\"" : "1";
        bool isEach = required.Length > 0;
        Assert.That(grammar.IsMatch($"{{{Joined(i => $"\"name{(isEach ? i : i * 100)}\": {value}", isEach ? 5000 : 50)}}}"), Is.True);
        Assert.That(grammar.IsMatch($"{{\"name7\": {value}, \"name4999\": {value}}}"), Is.EqualTo(!isEach));
        Assert.That(grammar.IsPrefix($"{{\"name7\": {value}, \"name6\""), Is.False);
        Assert.That(grammar.IsMatch("{\"name\": null}"), Is.EqualTo(others.Length > 0));
        AssertMasksAreFast(grammar, $"{{\"name0\": {value}, \"name1\": {value}, \"name2\": {value}");
    }

    [TestCase("""{"type":"object","properties":{"prompt":{"type":"string","maxLength":10000}}}""", "{\"prompt\": \"", 10_000)]
    [TestCase(
        """{"type":"object","properties":{"prompt":{"type":"string","minLength":5,"maxLength":1000000}}}""", "{\"prompt\": \"", 1_000_000)]
    public void Strings_of_any_length_do(string schema, string start, int longest)
    {
        CompiledGrammar grammar = Compile(schema);
        Assert.That(grammar.IsMatch(start + new string('x', Math.Min(longest, 30_000)) + "\"}"), Is.True);
        Assert.That(grammar.IsPrefix(start + new string('x', 30_000)), Is.EqualTo(longest >= 30_000));
        AssertMasksAreFast(grammar, start + "some text that goes on for a while");
    }

    [Test]
    public void Forty_fields_of_ten_thousand_characters_do()
    {
        CompiledGrammar grammar = Compile(
            $"{{\"type\":\"object\",\"properties\":{{{Joined(i => $"\"f{i}\":{{\"type\":\"string\",\"maxLength\":10000}}", 40)}}}}}");
        Assert.That(grammar.IsMatch($"{{{Joined(i => $"\"f{i}\":\"{new string('é', i == 3 ? 10_000 : 5)}\"", 40)}}}"), Is.True);
        Assert.That(grammar.IsPrefix($"{{\"f0\":\"{new string('é', 10_001)}"), Is.False);
        AssertMasksAreFast(grammar, "{\"f0\":\"some text\",\"f5\":\"some other text");
    }

    [Test]
    public void Arrays_of_any_number_of_items_do()
    {
        CompiledGrammar grammar = Compile("""
            {"type":"array","items":{"type":"array","items":{"type":"integer"},"maxItems":1000},"minItems":2,"maxItems":4294967296}
            """);
        string item = $"[{string.Join(',', Enumerable.Repeat("1", 1000))}]";
        Assert.That(grammar.IsMatch($"[{item},{item}]"), Is.True);
        Assert.That(grammar.IsMatch($"[{item}]"), Is.False);
        Assert.That(grammar.IsPrefix($"[{item[..^1]},"), Is.False);
    }

    private static string Joined(Func<int, string> item, int count = 5000) => string.Join(", ", Enumerable.Range(0, count).Select(item));

    private static CompiledGrammar Compile(string schema)
    {
        _ = JsonSchema.AnyValue;
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan start = Environment.CpuUsage.TotalTime;
        CompiledGrammar grammar = JsonSchema.Compile(schema);
        double seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Out.WriteLine($"compiled {schema.Length} characters in {seconds:F2} s, {bytes >> 20} MiB allocated");
        Assert.That(seconds, Is.LessThan(2));
        Assert.That(bytes, Is.LessThan(MostBytes));
        return grammar;
    }

    /// <summary>Follows a text, byte by byte, with a mask before each; prints the mean and the slowest.</summary>
    private static void AssertMasksAreFast(CompiledGrammar grammar, string text)
    {
        _ = Vocabulary.Value;
        var longest = TimeSpan.FromMilliseconds(MostMilliseconds);
        Assert.That(Least.Time(longest, () => SlowestMask(grammar, text)), Is.LessThan(longest));
    }

    private static TimeSpan SlowestMask(CompiledGrammar grammar, string text)
    {
        var matcher = new GrammarMatcher(new TokenMasks(grammar, Vocabulary.Value));
        uint[] mask = new uint[(Vocabulary.Value.VocabSize + 31) / 32];
        var times = new List<double>();
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            long started = Stopwatch.GetTimestamp();
            matcher.FillMask(mask);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            Assert.That((mask[(1 + value) / 32] >> (1 + value) & 1) != 0, Is.True);
            matcher.Accept(1 + value);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Out.WriteLine(
            $"masks of {mask.Length * 32} tokens: mean {times.Average():F2} ms, median {times.Order().ElementAt(times.Count / 2):F3} ms, "
            + $"slowest {times.Max():F1} ms; {allocated >> 20} MiB allocated");
        return TimeSpan.FromMilliseconds(times.Max());
    }

    private static TokenTrie Tokens(int count)
    {
        var random = new Random(1);
        var words = new HashSet<string>();
        while (words.Count < count)
        {
            char[] letters = [.. Enumerable.Range(0, random.Next(2, 12)).Select(_ => "etaoinshrdlu"[random.Next(12)])];
            words.Add((random.Next(2) == 0 ? " " : "") + new string(letters));
        }

        IEnumerable<byte[]> bytes = Enumerable.Range(0, 256).Select(value => new[] { (byte)value });
        return new TokenTrie(
            [default, .. bytes.Concat(words.Select(Encoding.UTF8.GetBytes)).Select(token => new ReadOnlyMemory<byte>(token))], [0]);
    }
}

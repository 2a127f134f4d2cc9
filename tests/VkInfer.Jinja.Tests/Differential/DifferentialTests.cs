using System.Text.Json.Nodes;

namespace VkInfer.Jinja.Tests;

/// <summary>Generated expressions and templates against jinja2 itself: equal text, or both refuse.</summary>
public sealed class DifferentialTests
{
    private const int InCi = 1000;
    private const int Whole = 20_000;

    private static readonly JsonObject Variables = new()
    {
        ["n"] = 7,
        ["f"] = 2.5,
        ["zero"] = 0,
        ["s"] = "Hello, World",
        ["uni"] = "añ🙂日b",
        ["empty"] = "",
        ["blank"] = " \n a\tb\n",
        ["none_value"] = null,
        ["yes"] = true,
        ["xs"] = new JsonArray(3, 1, 2),
        ["mixed"] = new JsonArray(1, "a", null, 2.5, true, new JsonArray(1)),
        ["words"] = new JsonArray("pear", "Apple", "fig", "apple"),
        ["nested"] = new JsonArray(new JsonArray(1, 2), new JsonArray(3)),
        ["d"] = JsonNode.Parse("""{"b":1,"a":{"x":[1,null,true,2.0]},"items":"mine"}"""),
        ["people"] = JsonNode.Parse("""[{"name":"Ann","age":30,"tags":["x"]},{"name":"bob","age":25},{"name":"Cid","age":30}]"""),
        ["messages"] = JsonNode.Parse(
            """[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"},{"role":"assistant","content":"  Hello!  "}]"""),
    };

    [Test]
    public void A_thousand_generated_templates_render_as_with_jinja2() => Compare(InCi, firstSeed: 1_000_000);

    [Test]
    [Category("Long")]
    public void Twenty_thousand_generated_templates_render_as_with_jinja2() => Compare(Whole, firstSeed: 0);

    private static void Compare(int count, int firstSeed)
    {
        using Jinja2 reference = Jinja2.Start(Variables);
        var variables = Variables.ToDictionary(pair => pair.Key, pair => (object?)Sample.Json(pair.Value?.ToJsonString() ?? "null"));
        (int rendered, int refused) = (0, 0);
        var known = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var differences = new List<string>();
        for (int seed = firstSeed; seed < firstSeed + count; seed++)
        {
            var generator = new TemplateGenerator(new Random(seed));
            string template = seed % 4 == 0 ? generator.Template() : generator.Expression();
            (string? expected, string? error) = reference.Render(template);
            string? actual = null;
            JinjaException? complaint = null;
            try
            {
                actual = JinjaTemplate.Parse(template, Sample.Options()).Render(variables);
            }
            catch (JinjaException problem)
            {
                complaint = problem;
            }

            if (expected != actual && KnownDifferences.Reason(template, expected, actual, complaint) is { } reason)
            {
                known.TryAdd(reason, []);
                known[reason].Add(Description(seed, template, expected ?? error, actual ?? complaint!.Message));
            }
            else if (expected == actual)
            {
                (rendered, refused) = expected is null ? (rendered, refused + 1) : (rendered + 1, refused);
            }
            else
            {
                differences.Add(Description(seed, template, expected ?? error, actual ?? complaint!.Message));
            }
        }

        TestContext.Out.WriteLine(
            $"jinja2 {reference.Version}, seeds from {firstSeed}: {rendered} rendered alike, {refused} refused alike, "
            + $"{known.Values.Sum(list => list.Count)} known differences, {differences.Count} others");
        foreach ((string reason, List<string> examples) in known)
        {
            TestContext.Out.WriteLine($"{examples.Count} times {reason}:\n{string.Join('\n', examples.Take(50))}");
        }

        Assert.That(differences, Is.Empty, () => string.Join('\n', differences.Take(20)));
        Assert.That(rendered, Is.GreaterThan(count / 2));
        Assert.That(known.Values.Sum(list => list.Count), Is.LessThan(count / 50));
    }

    private static string Description(int seed, string template, string? expected, string actual) =>
        $"seed {seed}: {template}\n  jinja2: {Clipped(expected)}\n  here:   {Clipped(actual)}";

    private static string? Clipped(string? text) => text is { Length: > 500 } ? text[..500] + "…" : text;
}

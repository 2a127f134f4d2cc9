using System.Text.Json;

namespace VkInfer.Jinja.Tests;

/// <summary>The variables that the tests' templates see.</summary>
internal static class Sample
{
    private static readonly DateTimeOffset Now = new(2025, 7, 10, 9, 5, 3, TimeSpan.Zero);

    public static Dictionary<string, object?> Variables { get; } = new()
    {
        ["n"] = 7,
        ["f"] = 2.5,
        ["s"] = "Hello, World",
        ["uni"] = "añ🙂日b",
        ["empty"] = "",
        ["none_value"] = null,
        ["yes"] = true,
        ["xs"] = new[] { 3, 1, 2 },
        ["words"] = new[] { "pear", "Apple", "fig", "apple" },
        ["nested"] = new List<object> { new[] { 1, 2 }, new[] { 3 } },
        ["d"] = Json("""{"b":1,"a":{"x":[1,null,true,2.0]},"items":"mine"}"""),
        ["people"] = Json("""[{"name":"Ann","age":30,"tags":["x"]},{"name":"bob","age":25},{"name":"Cid","age":30}]"""),
        ["messages"] = Json(
            """[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"},{"role":"assistant","content":"  Hello!  "}]"""),
    };

    public static JinjaOptions Options(DateTimeOffset? now = null) => new() { Clock = new StoppedClock(now ?? Now) };

    public static string Render(string template) => JinjaTemplate.Parse(template, Options()).Render(Variables);

    public static void AssertRenders(Case test) => Assert.That(Render(test.Template), Is.EqualTo(test.Expected));

    public static void AssertFails(Case test)
    {
        JinjaException thrown = Assert.Throws<JinjaException>(() => Render(test.Template))!;
        Assert.That(thrown.Reason, Does.Contain(test.Expected));
        Assert.That(thrown.Message, Is.EqualTo($"line 1: {thrown.Reason}"));
    }

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}

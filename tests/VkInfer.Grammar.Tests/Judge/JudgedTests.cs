using System.Text.Json;
using System.Text.Json.Serialization;
using Json.Schema;
using Microsoft.Extensions.AI;

namespace VkInfer.Grammar.Tests.Judge;

/// <summary>
/// Random answers of grammars are valid JSON, and valid under their schemas: JsonSchema.Net, which knows nothing of grammars, is the judge.
/// </summary>
public sealed class JudgedTests
{
    private const int AnswersEach = 50;

    private static readonly EvaluationOptions Strict = new() { RequireFormatValidation = true };

    // What is null is left out by default, where the schemas of the same options require it.
    private static readonly JsonSerializerOptions Written =
        new(AIJsonUtilities.DefaultOptions) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    private static readonly Sample[] Samples =
    [
        .. Sample.Read(Schemas.Strings), .. Sample.Read(Schemas.Numbers), .. Sample.Read(Schemas.Arrays), .. Sample.Read(Schemas.Objects),
        .. Sample.Read(Schemas.Combinations),
        .. DotNetTypes.All.Select(type => new Sample(AIJsonUtilities.CreateJsonSchema(type).GetRawText(), [], [])),
    ];

    [Test]
    public void There_are_two_hundred_schemas() =>
        Assert.That(Samples.DistinctBy(sample => sample.Schema).Count(), Is.GreaterThanOrEqualTo(200));

    [TestCaseSource(nameof(Samples))]
    public void Every_answer_is_valid(Sample sample)
    {
        CompiledGrammar grammar = JsonSchema.Compile(sample.Schema);
        var judge = Json.Schema.JsonSchema.FromText(sample.Schema);
        var random = new Random(sample.Schema.Length);
        var text = new RandomText(grammar, random);
        var different = new HashSet<string>();
        for (int i = 0; i < AnswersEach; i++)
        {
            string answer = text.Next(random.Next(5, 200));
            different.Add(answer);
            AssertValid(judge, answer, true);
        }

        TestContext.Out.WriteLine(string.Join('\n', different.Take(3)));
    }

    [TestCaseSource(nameof(Samples))]
    public void Known_values_are_accepted_where_they_are_valid(Sample sample)
    {
        CompiledGrammar grammar = JsonSchema.Compile(sample.Schema);
        var judge = Json.Schema.JsonSchema.FromText(sample.Schema);
        foreach (string value in sample.Valid)
        {
            AssertValid(judge, value, true);
            Assert.That(grammar.IsMatch(value), Is.True, value);
        }

        foreach (string value in sample.Invalid)
        {
            Assert.That(grammar.IsMatch(value), Is.False, value);
        }
    }

    /// <summary>What .NET writes under its own schemas is what answers may be.</summary>
    [TestCaseSource(typeof(DotNetTypes), nameof(DotNetTypes.Values))]
    public void Values_that_NET_writes_are_accepted(object value)
    {
        string schema = AIJsonUtilities.CreateJsonSchema(value.GetType()).GetRawText();
        string json = JsonSerializer.Serialize(value, value.GetType(), Written);
        Assert.That(JsonSchema.Compile(schema).IsMatch(json), Is.True, $"{json}\n{schema}");
    }

    private static void AssertValid(Json.Schema.JsonSchema judge, string answer, bool isValid)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.That(judge.Evaluate(document.RootElement, Strict).IsValid, Is.EqualTo(isValid), answer);
    }
}

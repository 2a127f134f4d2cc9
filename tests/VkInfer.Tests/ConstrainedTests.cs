using System.Text;
using System.Text.Json;
using VkInfer.Grammar;
using VkInfer.Tests.Hostile;
using VkInfer.Vulkan;

namespace VkInfer.Tests;

/// <summary>With a grammar, a model without sense writes what matches, for any seed.</summary>
public sealed class ConstrainedTests
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":8},"age":{"type":"integer","minimum":0,"maximum":120},
        "tags":{"type":"array","items":{"enum":["red","green"]},"maxItems":2}},"required":["name","age"],"additionalProperties":false}
        """;

    private TemporaryFile _file = null!;
    private Model _model = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _file = new TemporaryFile(new TinyLlama().ToArray());
        _model = Model.Load(_file.Path, TestModels.Options());
    }

    [OneTimeTearDown]
    public void Unload()
    {
        IReadOnlyList<string> messages = [.. _model.ValidationMessages];
        _model.Dispose();
        _file.Dispose();
        Assert.That(messages, Is.Empty);
    }

    [Test]
    public async Task A_schema_is_kept_with_every_seed()
    {
        CompiledGrammar grammar = JsonSchema.Compile(Person);
        int finished = 0;
        using Session session = _model.CreateSession();
        for (ulong seed = 0; seed < 24; seed++)
        {
            (string text, GenerationUpdate last) = await Answer(session, grammar, Random(seed), maxTokens: 120);
            if (last.FinishReason == FinishReason.MaxTokens)
            {
                Assert.That(grammar.IsPrefix(text), Is.True, text);
                continue;
            }

            finished++;
            Assert.That(last.FinishReason, Is.EqualTo(FinishReason.GrammarComplete));
            using JsonDocument document = JsonDocument.Parse(text);
            string[] names = [.. document.RootElement.EnumerateObject().Select(property => property.Name)];
            Assert.That(names, Is.SupersetOf(new[] { "name", "age" }).And.SubsetOf(new[] { "name", "age", "tags" }), text);
            Assert.That(document.RootElement.GetProperty("name").GetString()!.EnumerateRunes().Count(), Is.InRange(1, 8), text);
            Assert.That(document.RootElement.GetProperty("age").GetInt32(), Is.InRange(0, 120), text);
        }

        Assert.That(finished, Is.GreaterThan(20));
    }

    [Test]
    public async Task Any_JSON_is_JSON()
    {
        using Session session = _model.CreateSession();
        for (ulong seed = 0; seed < 12; seed++)
        {
            (string text, GenerationUpdate last) = await Answer(session, JsonSchema.AnyValue, Random(seed), maxTokens: 200);
            if (last.FinishReason is FinishReason.GrammarComplete or FinishReason.EndOfText)
            {
                Assert.That(() => JsonDocument.Parse(text).Dispose(), Throws.Nothing, text);
            }
            else
            {
                Assert.That(last.FinishReason, Is.EqualTo(FinishReason.MaxTokens));
                Assert.That(JsonSchema.AnyValue.IsPrefix(text), Is.True, text);
            }
        }
    }

    [Test]
    public async Task A_grammar_goes_with_greedy_choice_penalties_and_log_probabilities()
    {
        using Session session = _model.CreateSession();
        CompiledGrammar grammar = Gbnf.Compile("root ::= \"yes\" | \"no, \" [a-c]{3}");
        SamplingOptions sampling = SamplingOptions.Greedy with { FrequencyPenalty = 1, LogProbabilities = 2 };
        (string text, GenerationUpdate last) = await Answer(session, grammar, sampling, maxTokens: 20);
        Assert.That(grammar.IsMatch(text), Is.True, text);
        Assert.That((last.FinishReason, last.LogProbabilities.Count), Is.EqualTo((FinishReason.GrammarComplete, 1)));
        (string again, _) = await Answer(session, grammar, sampling, maxTokens: 20);
        Assert.That(again, Is.EqualTo(text));
    }

    [Test]
    public async Task Where_the_text_may_end_the_model_decides()
    {
        using Session session = _model.CreateSession();
        CompiledGrammar grammar = Gbnf.Compile("root ::= \"a\"+");
        int eos = _model.Tokenizer.EosTokenId!.Value;
        SamplingOptions eager = SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [eos] = 100 } };
        (string text, GenerationUpdate last) = await Answer(session, grammar, eager, maxTokens: 20);
        Assert.That((text, last.FinishReason), Is.EqualTo(("a", FinishReason.EndOfText)));
    }

    [Test]
    public async Task A_grammar_leaves_nothing_behind()
    {
        using Session session = _model.CreateSession();
        var options = new GenerationOptions { Sampling = Random(5), MaxTokens = 20, IgnoreEndOfText = true };
        (string free, _) = await Answer(session, options);
        await Answer(session, Gbnf.Compile("root ::= \"b\"+"), options.Sampling, maxTokens: 5);
        Assert.That((await Answer(session, options)).Text, Is.EqualTo(free));
        session.Reset();
        session.Append([1, 5, 9]);
        int unmasked = session.NextToken(SamplingOptions.Greedy);
        await Answer(session, Gbnf.Compile("root ::= \"b\"+"), SamplingOptions.Greedy, maxTokens: 5);
        session.Truncate(3);
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.EqualTo(unmasked));
    }

    [Test]
    public async Task A_token_takes_one_submit()
    {
        using Session session = _model.CreateSession();
        using CommandList marker = _model.Gpu.CreateCommandList("marker");
        marker.Record(_ => { });
        CompiledGrammar grammar = Gbnf.Compile("root ::= [ab]{64}");
        await Answer(session, grammar, SamplingOptions.Greedy, maxTokens: 2);
        ulong first = _model.Gpu.Submit(marker).Value;
        await Answer(session, grammar, SamplingOptions.Greedy, maxTokens: 10);
        ulong ten = _model.Gpu.Submit(marker).Value - first;
        await Answer(session, grammar, SamplingOptions.Greedy, maxTokens: 20);
        Assert.That(_model.Gpu.Submit(marker).Value - first - (2 * ten), Is.EqualTo(10));
    }

    private static SamplingOptions Random(ulong seed) => new() { Temperature = 3, TopK = 0, TopP = 1, MinP = 0, Seed = seed };

    private static Task<(string Text, GenerationUpdate Last)> Answer(
        Session session, CompiledGrammar grammar, SamplingOptions sampling, int maxTokens) =>
        Answer(session, new GenerationOptions { Sampling = sampling, MaxTokens = maxTokens, Grammar = grammar });

    private static async Task<(string Text, GenerationUpdate Last)> Answer(Session session, GenerationOptions options)
    {
        session.Reset();
        var text = new StringBuilder();
        GenerationUpdate? last = null;
        await foreach (GenerationUpdate update in session.GenerateAsync(new[] { 1, 5, 9 }, options))
        {
            text.Append(update.Text);
            last = update;
        }

        return (text.ToString(), last!);
    }
}

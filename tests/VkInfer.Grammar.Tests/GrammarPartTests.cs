using System.Text;
using System.Text.Json;
using VkInfer.Grammar.Tokens;

namespace VkInfer.Grammar.Tests;

/// <summary>Grammars that begin within an answer: behind reasoning, or at a tool call, which control tokens may open.</summary>
public sealed class GrammarPartTests
{
    private const int Call = 256, EndOfCall = 257, End = 258, Pieced = 259;

    private static readonly TokenTrie Vocabulary = new(
        [
            .. Enumerable.Range(0, 256).Select(value => new ReadOnlyMemory<byte>([(byte)value])), default, default, default,
            Encoding.UTF8.GetBytes("</think>").AsMemory(),
        ],
        [End], [new(Call, "<|call|>"), new(EndOfCall, "<|end_call|>")]);

    private static JsonElement Schema(string json) => JsonDocument.Parse(json).RootElement;

    [Test]
    public void A_schema_begins_behind_the_reasoning()
    {
        CompiledGrammar grammar = GrammarPart.Sequence(
            GrammarPart.TextWithout("</think>"), GrammarPart.Text("</think>"), GrammarPart.Space(2),
            GrammarPart.Json(Schema("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"""))).Compile();
        Assert.That(grammar.IsMatch("I think { < </thin or so.</think>\n\n{\"a\": 1}"), Is.True);
        Assert.That(grammar.IsMatch("</think>{\"a\": 1}"), Is.True);
        Assert.That(grammar.IsMatch("x</think>{\"b\": 1}"), Is.False);
        Assert.That(grammar.IsMatch("{\"a\": 1}"), Is.False);
        Assert.That(grammar.IsPrefix("x</think>y"), Is.False);
    }

    [Test]
    public void A_token_that_is_the_marker_ends_the_text_as_its_letters_do()
    {
        var masks = new TokenMasks(
            GrammarPart.Sequence(GrammarPart.TextWithout("</think>"), GrammarPart.Text("</think>{")).Compile(), Vocabulary);
        var matcher = new GrammarMatcher(masks);
        matcher.Accept('a');
        matcher.Accept(Pieced);
        Assert.That(Allowed(matcher), Is.EqualTo(new[] { (int)'{' }));
    }

    [Test]
    public void Only_a_control_token_stands_for_itself()
    {
        GrammarPart call = GrammarPart.Sequence(
            GrammarPart.Control("<|call|>"), GrammarPart.Json(Schema("""{"const":1}""")), GrammarPart.Control("<|end_call|>"));
        var matcher = new GrammarMatcher(new TokenMasks(
            GrammarPart.Sequence(GrammarPart.TextWithout(), call.Times(0, 2)).Compile(), Vocabulary));
        Assert.That(Allowed(matcher), Does.Contain(Call).And.Contain(End).And.Contain('a').And.Not.Contain(EndOfCall));
        Assert.That(Allowed(matcher), Does.Not.Contain(0xFF).And.Not.Contain(0xFE));
        matcher.Accept('<');
        matcher.Accept('|');
        matcher.Accept(Call);
        Assert.That(Allowed(matcher), Is.EqualTo(new[] { (int)'1' }));
        matcher.Accept('1');
        Assert.That(Allowed(matcher), Is.EqualTo(new[] { EndOfCall }));
        matcher.Accept(EndOfCall);
        Assert.That(Allowed(matcher), Is.EquivalentTo(new[] { Call, End }));
        matcher.Accept(Call);
        matcher.Accept('1');
        matcher.Accept(EndOfCall);
        Assert.That(matcher.IsComplete, Is.True);
    }

    [Test]
    public void Other_grammars_never_choose_a_control_token()
    {
        var matcher = new GrammarMatcher(new TokenMasks(Gbnf.Compile("root ::= .*"), Vocabulary));
        Assert.That(Allowed(matcher), Does.Not.Contain(Call).And.Not.Contain(EndOfCall).And.Contain(End));
    }

    private static int[] Allowed(GrammarMatcher matcher)
    {
        uint[] mask = new uint[(Vocabulary.VocabSize + 31) / 32];
        matcher.FillMask(mask);
        return [.. Enumerable.Range(0, Vocabulary.VocabSize).Where(id => (mask[id / 32] >> (id % 32) & 1) != 0)];
    }
}

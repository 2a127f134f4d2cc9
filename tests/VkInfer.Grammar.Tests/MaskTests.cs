using System.Text;
using System.Text.Json;
using VkInfer.Grammar.Tokens;

namespace VkInfer.Grammar.Tests;

public sealed class MaskTests
{
    private const int End = 0;

    private static readonly string[] Words =
        ["{\"", "\":", "\",\"", "true", "tru", "e", "null", "[]", "}}", "12", "3.5", "\\u00", "é", "漢字", " ", "\n  ", "a", "ab", "abc", "\"a\":1"];

    private static readonly TokenTrie Vocabulary = new(
        [default, .. Enumerable.Range(0, 256).Select(b => new ReadOnlyMemory<byte>([(byte)b])), .. Words.Select(
            w => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(w)))],
        [End]);

    private static readonly string[] Schemas =
    [
        "true",
        """{"type":"object","properties":{"name":{"type":"string","maxLength":6},"age":{"type":"integer","minimum":0,"maximum":120},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3}},"required":["name","age"],"additionalProperties":false}""",
        """{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"v":{"type":["number","null"]},"l":{"$ref":"#/$defs/n"},"r":{"$ref":"#/$defs/n"}},"required":["v"]}}}""",
        """{"anyOf":[{"type":"array","prefixItems":[{"type":"string","format":"date-time"},{"type":"boolean"}],"items":false,"minItems":2},{"type":"object","additionalProperties":{"type":"integer"}}]}""",
    ];

    [TestCaseSource(nameof(Schemas))]
    public void A_mask_allows_exactly_the_tokens_after_which_the_text_can_still_match(string schema)
    {
        CompiledGrammar grammar = JsonSchema.Compile(schema);
        var matcher = new GrammarMatcher(new TokenMasks(grammar, Vocabulary));
        var random = new Random(schema.Length);
        var bytes = new List<byte>();
        for (int step = 0; step < 30 && !matcher.IsComplete; step++)
        {
            int[] allowed = Allowed(matcher);
            string text = Encoding.Latin1.GetString([.. bytes]);
            Assert.That(allowed.Contains(End), Is.EqualTo(matcher.IsMatch));
            for (int token = 1; token < Vocabulary.VocabSize; token++)
            {
                // An independent way to the answer, where the bytes are whole characters. Bytes that UTF-8 never has are no text.
                ReadOnlySpan<byte> added = Vocabulary.Bytes(token);
                if (!added.IsEmpty && added.IndexOfAnyInRange((byte)0x80, (byte)0xFF) < 0 && !text.Any(c => c > 0x7F))
                {
                    string longer = text + Encoding.ASCII.GetString(Vocabulary.Bytes(token));
                    Assert.That(allowed.Contains(token), Is.EqualTo(grammar.IsPrefix(longer)), longer);
                }
            }

            int next = allowed[random.Next(allowed.Length)];
            if (next == End)
            {
                break;
            }

            bytes.AddRange(Vocabulary.Bytes(next));
            matcher.Accept(next);
        }
    }

    [Test]
    public void Any_choice_of_allowed_tokens_makes_valid_JSON()
    {
        int finished = 0;
        foreach (string schema in Schemas)
        {
            CompiledGrammar grammar = JsonSchema.Compile(schema);
            var masks = new TokenMasks(grammar, Vocabulary);
            for (int seed = 0; seed < 100; seed++)
            {
                var random = new Random(seed);
                var matcher = new GrammarMatcher(masks);
                var bytes = new List<byte>();
                for (int step = 0; step < 2000 && !matcher.IsComplete; step++)
                {
                    int[] allowed = Allowed(matcher);
                    int token = allowed[random.Next(allowed.Length)];
                    matcher.Accept(token);
                    if (token == End)
                    {
                        break;
                    }

                    bytes.AddRange(Vocabulary.Bytes(token));
                }

                if (matcher.IsMatch)
                {
                    finished++;
                    string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
                    Assert.That(() => JsonDocument.Parse(text).Dispose(), Throws.Nothing, text);
                    Assert.That(grammar.IsMatch(text), Is.True, text);
                }
            }
        }

        Assert.That(finished, Is.GreaterThan(Schemas.Length * 50));
    }

    [Test]
    public void A_token_outside_the_mask_is_refused_and_changes_nothing()
    {
        var matcher = new GrammarMatcher(new TokenMasks(Gbnf.Compile("root ::= \"ab\""), Vocabulary));
        Assert.That(() => matcher.Accept(1 + 'b'), Throws.ArgumentException);
        Assert.That(() => matcher.Accept(End), Throws.ArgumentException);
        Assert.That(() => matcher.Accept(Vocabulary.VocabSize), Throws.TypeOf<ArgumentOutOfRangeException>());
        matcher.Accept(1 + 'a');
        Assert.That(matcher.IsMatch, Is.False);
        matcher.Accept(1 + 'b');
        Assert.That(matcher.IsComplete, Is.True);
    }

    [Test]
    public void A_vocabulary_that_lacks_what_is_asked_for_is_named()
    {
        var letters = new TokenTrie([new ReadOnlyMemory<byte>([(byte)'a']), default], [1]);
        var matcher = new GrammarMatcher(new TokenMasks(Gbnf.Compile("root ::= \"ab\""), letters));
        matcher.Accept(0);
        Assert.That(() => matcher.FillMask(new uint[1]), Throws.TypeOf<GrammarException>().With.Message.Contains("vocabulary"));
    }

    [Test]
    public void One_grammar_serves_many_matchers_at_a_time()
    {
        var masks = new TokenMasks(JsonSchema.AnyValue, Vocabulary);
        Parallel.For(0, 8, seed =>
        {
            var random = new Random(seed % 2);
            var alone = new GrammarMatcher(new TokenMasks(JsonSchema.AnyValue, Vocabulary));
            var shared = new GrammarMatcher(masks);
            for (int step = 0; step < 100 && !alone.IsComplete; step++)
            {
                int[] allowed = Allowed(alone);
                Assert.That(Allowed(shared), Is.EqualTo(allowed));
                int token = allowed[random.Next(allowed.Length)];
                alone.Accept(token);
                shared.Accept(token);
            }
        });
    }

    private static int[] Allowed(GrammarMatcher matcher)
    {
        uint[] mask = new uint[(Vocabulary.VocabSize / 32) + 2];
        matcher.FillMask(mask);
        return [.. Enumerable.Range(0, mask.Length * 32).Where(token => (mask[token / 32] >> (token % 32) & 1) != 0)];
    }
}

using System.Diagnostics;
using System.Text;

namespace VkInfer.Tokenization.Tests;

/// <summary>What the parts of a <c>tokenizer.json</c> do, and what becomes of a stranger's.</summary>
public sealed class TokenizerJsonTests
{
    private const string Bpe =
        """{"type":"BPE","unk_token":"<unk>","fuse_unk":false,"vocab":{"<unk>":0,"a":1,"b":2,"ab":3,"▁":4,"▁a":5,"1":6,"2":7,".":8,"A":9},"merges":["a b",["▁","a"]]}""";

    private static readonly string[] Splices =
    [
        "null", "\"\"", "-1", "2147483648", "1e999", "[]", "{}", "[[[[[[[[", "true", "\"\\ud800\"", "\"(a+)+$\"",
        "{\"Regex\":\"(x+x+)+y\"}",
        "{\"Regex\":\"(a|aa)+\\\\z\"}", "{\"Regex\":\"[\"}", "\"Sequence\"", "\"Unigram\"", "99999999", "\"Replace\"", "\"ByteLevel\"",
        "\"Metaspace\"",
    ];

    [TestCase("null", "null", "aab", ExpectedResult = "1 3")]
    [TestCase("""{"type":"Lowercase"}""", "null", "AAb", ExpectedResult = "1 3")]
    [TestCase("""{"type":"Prepend","prepend":"▁"}""", "null", "ab", ExpectedResult = "4 3")]
    [TestCase("""{"type":"Strip","strip_left":true,"strip_right":true}""", "null", "  ab\n", ExpectedResult = "3")]
    [TestCase("""{"type":"Replace","pattern":{"Regex":"[12]+"},"content":"1"}""", "null", "a1221b", ExpectedResult = "1 6 2")]
    [TestCase("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}""", "null", "äb", ExpectedResult = "3")]
    [TestCase(
        "null", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""", "ab a", ExpectedResult = "4 3 5")]
    [TestCase("null", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", "ab a", ExpectedResult = "3 5")]
    [TestCase("null", """{"type":"WhitespaceSplit"}""", "a b\tab", ExpectedResult = "1 2 3")]
    [TestCase("null", """{"type":"Whitespace"}""", "a.b ab", ExpectedResult = "1 8 2 3")]
    [TestCase("null", """{"type":"Split","pattern":{"String":"a"},"behavior":"Removed","invert":false}""", "aab", ExpectedResult = "2")]
    [TestCase("null", """{"type":"Split","pattern":{"String":"a"},"behavior":"Removed","invert":true}""", "aab", ExpectedResult = "1 1")]
    [TestCase("null", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"Isolated","invert":false}""", "ab", ExpectedResult = "1 2")]
    [TestCase(
        "null", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"MergedWithNext","invert":false}""", "aab", ExpectedResult = "1 3")]
    [TestCase("null", """{"type":"Punctuation"}""", "ab.", ExpectedResult = "3 8")]
    [TestCase("null", "null", "x🦙ab", ExpectedResult = "0 0 3", Description = "an unknown token each")]
    public string A_pipeline_does_what_it_says(string normalizer, string preTokenizer, string text) =>
        string.Join(' ', TokenizerJson.Create(Json(normalizer, preTokenizer)).Encode(text));

    [TestCase("Isolated", ExpectedResult = "x|1|2|y")]
    [TestCase("Contiguous", ExpectedResult = "x|12|y")]
    [TestCase("MergedWithPrevious", ExpectedResult = "x1|2|y")]
    [TestCase("MergedWithNext", ExpectedResult = "x|1|2y")]
    [TestCase("Removed", ExpectedResult = "x|y")]
    public string A_place_that_is_found_goes_where_the_behaviour_says(string behavior)
    {
        var words = new List<Piece>();
        var pattern = new ExpressionPattern(Expression.Create("[0-9]", ""));
        new PatternSplitter(pattern, Enum.Parse<SplitBehavior>(behavior)).Split(new Piece("x12y", true), words);
        return string.Join('|', words.Select(word => word.Text));
    }

    [TestCase("a<t>b", false, ExpectedResult = "1 20 2", Description = "a user-defined one in any text")]
    [TestCase("a<c>b", false, ExpectedResult = "1 0 0 0 2", Description = "a control token only in trusted text")]
    [TestCase("a<c>b", true, ExpectedResult = "1 21 2")]
    [TestCase("a  <c>  b", true, ExpectedResult = "1 21 2", Description = "with the white space that is its own")]
    [TestCase("abword ab", false, ExpectedResult = "3 0 0 0 0 0 3", Description = "not within a word")]
    [TestCase("ab.word ab", false, ExpectedResult = "3 8 22 0 3")]
    [TestCase("aNORM", false, ExpectedResult = "1 23", Description = "found in normalised text")]
    public string Added_tokens_are_found_as_their_flags_say(string text, bool trusted)
    {
        const string Added =
            """
            [{"id":20,"content":"<t>","special":false,"normalized":false},
            {"id":21,"content":"<c>","special":true,"normalized":false,"lstrip":true,"rstrip":true},
            {"id":22,"content":"word","special":false,"normalized":false,"single_word":true},
            {"id":23,"content":"Norm","special":false,"normalized":true}]
            """;
        return string.Join(
            ' ', TokenizerJson.Create(Json("""{"type":"Lowercase"}""", "null", Added)).Encode(
                text, addSpecial: false, parseSpecial: trusted));
    }

    [Test]
    public void What_stands_around_a_text_comes_from_the_template_unless_settings_say_otherwise()
    {
        const string Template =
            """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<unk>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"b","type_id":0}}],"pair":[],"special_tokens":{"<unk>":{"id":"<unk>","ids":[0]},"b":{"id":"b","ids":[2,2]}}}
            """;
        byte[] json = Json("null", "null", post: Template);
        string Around(TokenizerSettings settings) => string.Join(' ', TokenizerJson.Create(json, settings).Encode(""));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Around(new()), Is.EqualTo("0 2 2"));
        Assert.That(Around(new() { BosToken = "<unk>", AddBos = false, EosToken = "b", AddEos = true }), Is.EqualTo("2 2"));
        Assert.That(Around(new() { BosToken = "a", AddBos = true }), Is.EqualTo("1 0 2 2"));
        Assert.That(TokenizerJson.Create(json, new() { VocabSize = 40, EndOfGenerationTokenIds = [3, 4] }).VocabSize, Is.EqualTo(40));
        Assert.That(
            TokenizerJson.Create(json, new() { EndOfGenerationTokenIds = [3, 4] }).EndOfGenerationTokenIds,
            Is.EquivalentTo(new[] { 3, 4 }));
        Assert.That(() => TokenizerJson.Create(json, new() { VocabSize = 5 }), Throws.InstanceOf<TokenizerException>());
        var warnings = new List<string>();
        Assert.That(TokenizerJson.Create(json, new() { EosToken = "none", EosTokenId = 1, Warn = warnings.Add }).EosTokenId, Is.Null);
        Assert.That(warnings, Has.Count.EqualTo(1).And.All.Contains("eos_token is \"none\""));
    }

    [TestCase("[1]", "")]
    [TestCase("{", "tokenizer.json")]
    [TestCase("""{"model":{"type":"WordLevel"}}""", "model.type")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}""", "model.vocab")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "model.vocab")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""", "model.vocab")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}""", "Merges[0]")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}""", "model.merges[0]")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"x"}}""", "model.unk_token")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}}""", "model.end_of_word_suffix")]
    [TestCase("""{"model":{"type":"Unigram","vocab":[["a",0.5,1]]}}""", "model.vocab[0]")]
    [TestCase("""{"model":{"type":"Unigram","vocab":[["a",1e999]]}}""", "model.vocab[0][1]")]
    [TestCase("""{"model":{"type":"Unigram","unk_id":7,"vocab":[["a",0]]}}""", "model.unk_id")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Rot13"}}""", "normalizer.type")]
    [TestCase(
        """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}}""",
        "normalizer.precompiled_charsmap")]
    [TestCase(
        """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}}""", "pre_tokenizer.pattern.Regex")]
    [TestCase(
        """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{"x":{"ids":[9]}}}}""", "post_processor")]
    [TestCase(
        """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"Replace","pattern":{"String":"a"},"content":"aaaa"}}""",
        "decoder.pattern.String")]
    [TestCase(
        """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}}""", "decoder.decoders[1].stop")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"BPEDecoder"}}""", "decoder.type")]
    [TestCase("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":0,"content":"x"}]}""", "added_tokens")]
    public void A_wrong_part_is_named(string json, string field)
    {
        TokenizerException? exception = Assert.Throws<TokenizerException>(() => TokenizerJson.Create(Encoding.UTF8.GetBytes(json)));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(exception!.Field, Is.EqualTo(field == "" ? "model" : field));
        Assert.That(exception.Message, Does.Not.Contain("\n"));
    }

    [TestCase("""{"type":"BPE","ignore_merges":true,"vocab":{"<":1,"e":2,">":3,"<e>":4},"merges":[]}""", Description = "a whole word")]
    [TestCase("""{"type":"BPE","vocab":{"<":1,"e":2,">":3,"<e":5,"<e>":4},"merges":["< e","<e >"]}""", Description = "the end of merging")]
    [TestCase(
        """{"type":"BPE","vocab":{"<":1,"e":2,">":3,"e>":5,"<e>":4,"<e>>":6},"merges":["e >","< e>","<e> >"]}""",
        Description = "a step of it")]
    [TestCase(
        """{"type":"Unigram","vocab":[["?",-9],["<",-9],["e",-9],[">",-9],["<e>",-1]],"unk_id":0}""", Description = "the likeliest piece")]
    public void Untrusted_words_never_become_a_control_token(string model)
    {
        string json = $$"""{"added_tokens":[{"id":4,"content":"<e>","special":true,"normalized":false}],"decoder":{"type":"Fuse"},"model":{{model}}}""";
        Tokenizer tokenizer = TokenizerJson.Create(Encoding.UTF8.GetBytes(json));
        Assert.That(tokenizer.Encode("<e>", addSpecial: false, parseSpecial: true), Is.EqualTo((int[])[4]));
        foreach (string? text in new[] { "<e>", "<e>>", "e<e>" })
        {
            int[] ids = tokenizer.Encode(text, addSpecial: false);
            Assert.That(ids.Any(tokenizer.IsControl), Is.False, $"{text}: {string.Join(' ', ids)}");
            Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
        }
    }

    [Test]
    public void Mutated_files_work_or_are_refused()
    {
        const int Cases = 100_000;
        string seed = Encoding.UTF8.GetString(Json(
            """{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "},{"type":"Prepend","prepend":"▁"}]}""",
            """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a+(?!b)"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true}]}""",
            """[{"id":10,"content":"<c>","special":true,"normalized":false,"lstrip":true,"rstrip":false,"single_word":false}]""",
            """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<c>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<c>":{"id":"<c>","ids":[10]}}}"""));
        int works = 0;
        var reasons = new HashSet<string>();
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < Cases; i++)
        {
            byte[] mutated = Encoding.UTF8.GetBytes(Mutation.OfText(seed, Splices, new Random(i)));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Tokenizer tokenizer = TokenizerJson.Create(mutated);
                tokenizer.Decode(tokenizer.Encode("aab  <c> 12 é🦙 ﬁ", parseSpecial: true));
                works++;
            }
            catch (TokenizerException exception)
            {
                reasons.Add(exception.Field);
                Assert.That(exception.Message, Does.Not.Contain("\n"));
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(2_000_000), $"case {i}");
        }

        TestContext.Out.WriteLine(
            $"{Cases} cases in {watch.Elapsed.TotalSeconds:F1} s: {works} work, the others are refused at {reasons.Count} places");
        Assert.That(works, Is.InRange(Cases / 50, Cases - (Cases / 5)));
        Assert.That(reasons, Has.Count.GreaterThan(30));
    }

    private static byte[] Json(string normalizer, string preTokenizer, string added = "[]", string post = "null") => Encoding.UTF8.GetBytes(
        $$"""
        {"version":"1.0","added_tokens":{{added}},"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"post_processor":{{post}},
        "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},"model":{{Bpe}}}
        """);
}

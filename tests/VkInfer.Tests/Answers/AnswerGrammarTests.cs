using System.Text;
using System.Text.Json;
using VkInfer.Answers;
using VkInfer.Grammar;
using VkInfer.Grammar.Tokens;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Answers;

/// <summary>
/// What the grammar of a format allows is what its parser reads: calls with valid arguments, whatever the model would like.
/// </summary>
public sealed class AnswerGrammarTests
{
    private static readonly Conversation[] Formats =
        [.. Conversations.All.Where(c => c.Family != "gemma").DistinctBy(c => (c.Template, c.Controls.Length))];

    private static readonly string[] Closings = ["</think>", "\n</parameter>\n", "</arg_value>"];

    [TestCaseSource(nameof(Formats))]
    public void A_required_call_is_read_and_its_arguments_are_valid(Conversation conversation)
    {
        CompiledGrammar arguments = JsonSchema.Compile(Conversation.Tools[0].Parameters);
        for (int seed = 0; seed < 20; seed++)
        {
            List<AnswerPiece> pieces = Generate(conversation, needsCall: true, several: seed % 2 == 0, text: null, seed);
            ToolCallPiece[] calls = [.. pieces.OfType<ToolCallPiece>()];
            Assert.That(calls, Is.Not.Empty);
            Assert.That(calls.Length == 1 || seed % 2 == 0);
            Assert.That(pieces.OfType<TextPiece>(), Is.Empty);
            foreach (ToolCallPiece call in calls)
            {
                string json = string.Concat(pieces.OfType<ToolArgumentsPiece>().Where(p => p.Index == call.Index).Select(p => p.Json));
                using JsonDocument document = JsonDocument.Parse(json);
                if (call.Name == "get_weather")
                {
                    JsonElement root = document.RootElement;
                    Assert.That(root.GetProperty("city").ValueKind, Is.EqualTo(JsonValueKind.String), json);
                    Assert.That(root.TryGetProperty("days", out JsonElement days) ? days.GetInt32() : 1, Is.InRange(1, 9), json);
                    Assert.That(root.TryGetProperty("unit", out JsonElement unit) ? unit.GetString() : "C", Is.AnyOf("C", "F"), json);
                }
                else
                {
                    Assert.That(call.Name, Is.EqualTo("now"));
                }
            }

            Assert.That(pieces.OfType<ToolCallEndPiece>().All(end => end.IsWhole));
        }

        Assert.That(arguments.IsMatch("{\"city\":\"a\"}"), Is.True);
    }

    [TestCaseSource(nameof(Formats))]
    public void A_schema_comes_behind_the_reasoning(Conversation conversation)
    {
        GrammarPart schema = GrammarPart.Json(JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]}""").RootElement);
        for (int seed = 0; seed < 10; seed++)
        {
            List<AnswerPiece> pieces = Generate(conversation, needsCall: false, several: false, schema, seed, hasTools: false);
            string text = string.Concat(pieces.OfType<TextPiece>().Select(piece => piece.Text));
            using JsonDocument document = JsonDocument.Parse(text);
            Assert.That(document.RootElement.GetProperty("a").ValueKind, Is.AnyOf(JsonValueKind.True, JsonValueKind.False));
        }
    }

    /// <summary>What models of the family write by themselves is within the grammar: it does not steer them away from it.</summary>
    [TestCaseSource(nameof(Formats))]
    public void An_answer_in_the_format_is_allowed(Conversation conversation)
    {
        Conversation[] withCalls =
            [.. Conversations.All.Where(c => c.Template == conversation.Template && c.Calls.Length > 0 && !c.Expected.Contains('…'))];
        Assert.That(withCalls.Length == 0 || withCalls.Any(Matches));
    }

    /// <summary>Where calls may be made, what the grammar takes for one is read as one: a call that nobody reads would be lost.</summary>
    [TestCaseSource(nameof(Formats))]
    public void A_free_answer_is_read_as_the_grammar_took_it(Conversation conversation)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            List<AnswerPiece> pieces = Generate(conversation, needsCall: false, several: true, text: null, seed);
            string text = string.Concat(pieces.OfType<TextPiece>().Select(piece => piece.Text));
            Assert.That(text, Does.Not.Contain("get_weather"));
            foreach (ToolCallEndPiece end in pieces.OfType<ToolCallEndPiece>())
            {
                Assert.That(end.IsWhole);
                string json = string.Concat(pieces.OfType<ToolArgumentsPiece>().Where(p => p.Index == end.Index).Select(p => p.Json));
                JsonDocument.Parse(json).Dispose();
            }
        }
    }

    [TestCase("Here is the code: class A { int x; }")]
    [TestCase("As JSON: {\"name\": \"now\", \"parameters\": {}}")]
    [TestCase("[{\"a\": 1}]")]
    [TestCase("{\"name\": \"now\", \"parameters\": {}}")]
    public void Braces_in_a_text_of_Llama_are_text(string answer)
    {
        Conversation llama = Conversations.All.First(c => c.Family == "llama") with { Stream = answer };
        Assert.That(Matches(llama), Is.True);
        Assert.That(llama.Read(answer, () => 3), Is.EqualTo(answer[0] == '{' ? "[] [] [now {}]" : $"[] [{answer}]"));
    }

    [Test]
    public void Calls_of_Gemma_are_read_but_not_required()
    {
        Conversation gemma = Conversations.All.First(c => c.Family == "gemma");
        Assert.That(gemma.Format.CreateGrammar(Conversation.Tools, false, true, null, ""), Is.Null);
        Assert.That(() => gemma.Format.CreateGrammar(Conversation.Tools, true, true, null, ""), Throws.TypeOf<GrammarException>());
    }

    private static bool Matches(Conversation answer)
    {
        Tokenizer tokenizer = answer.Tokenizer;
        CompiledGrammar grammar = answer.Format.CreateGrammar(Conversation.Tools, false, true, null, answer.Prompt)!;
        var matcher = new GrammarMatcher(new TokenMasks(grammar, ByteTokenizer.TrieOf(tokenizer)));
        try
        {
            // What ends an answer of gpt-oss ends its text in a true vocabulary.
            foreach ((string text, bool isControl) in Conversation.Parts(answer.Stream).Where(p => p.Text is not ("<|call|>" or "<|return|>")))
            {
                int[] ids = isControl && tokenizer.TryGetSpecialTokenId(text, out int id) ? [id]
                    : [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
                Array.ForEach(ids, matcher.Accept);
            }

            return matcher.IsMatch;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Chooses tokens at random among those that the grammar allows, and reads them.</summary>
    private static List<AnswerPiece> Generate(
        Conversation conversation, bool needsCall, bool several, GrammarPart? text, int seed, bool hasTools = true)
    {
        Tokenizer tokenizer = conversation.Tokenizer;
        IReadOnlyList<ToolDefinition> tools = hasTools ? Conversation.Tools : [];
        CompiledGrammar grammar = conversation.Format.CreateGrammar(tools, needsCall, several, text, conversation.Prompt)!;
        var matcher = new GrammarMatcher(new TokenMasks(grammar, ByteTokenizer.TrieOf(tokenizer)));
        AnswerParser parser = conversation.Format.CreateParser(tools, conversation.Prompt);
        var decoder = new StreamingDetokenizer(tokenizer, continuation: true);
        var random = new Random(seed);
        var pieces = new List<AnswerPiece>();
        uint[] mask = new uint[(tokenizer.VocabSize + 31) / 32];
        string closing = "";
        for (int step = 0; !matcher.IsComplete; step++)
        {
            Assert.That(step, Is.LessThan(20_000));
            matcher.FillMask(mask);
            int[] allowed = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(id => (mask[id / 32] >> (id % 32) & 1) != 0)];

            // Letters are many; what closes and goes on is as likely as all of them.
            int[] structure = [.. allowed.Where(id => id is >= 256 or '"' or '}' or ',' or '<' or '/' or '>' or '\n' or '[' or ']')];
            int[] plain = [.. allowed.Where(id => id is >= 256 or (>= 0x20 and < 0x7F) or '\n')];
            int[] from = structure.Length > 0 && random.Next(2) == 0 ? structure : plain.Length > 0 ? plain : allowed;
            int token = from[random.Next(from.Length)];

            // Now and then free text goes the whole way to what may end it.
            closing = closing.Length == 0 && random.Next(20) == 0 ? Closings[random.Next(Closings.Length)] : closing;
            if (closing.Length > 0)
            {
                (token, closing) = allowed.Contains(closing[0]) ? (closing[0], closing[1..]) : (token, "");
            }

            matcher.Accept(token);
            if (token == tokenizer.EosTokenId)
            {
                break;
            }

            pieces.AddRange(tokenizer.IsControl(token)
                ? parser.Append(Encoding.UTF8.GetString(tokenizer.GetTokenBytes(token)), isControl: true)
                : parser.Append(decoder.Append(token)));
        }

        pieces.AddRange(parser.End());
        return pieces;
    }
}

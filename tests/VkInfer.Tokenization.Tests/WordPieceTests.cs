using System.Text;
using System.Text.Json.Nodes;

namespace VkInfer.Tokenization.Tests;

/// <summary>BERT's tokenizer: as a GGUF file has its vocabulary, beside <c>tokenizer.json</c>, which the Rust tokenizers judge.</summary>
public sealed class WordPieceTests
{
    private static readonly string[] Specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

    [Test]
    public void Longest_pieces_come_first_and_a_word_without_a_piece_is_unknown()
    {
        string[] pieces = ["un", "##aff", "##able", "##a", "want", "##ed", "!", "e", "##é"];
        Tokenizer json = Json(pieces, isLowercase: true);
        int[] Ids(params int[] own) => [2, .. own.Select(id => id + Specials.Length), 3];
        Assert.Multiple(() =>
        {
            Assert.That(json.Encode("Unaffable"), Is.EqualTo(Ids(0, 1, 2)));
            Assert.That(json.Encode("wanted!  UNWANTED"), Is.EqualTo((int[])[2, 8, 9, 10, 1, 3]), "##want is no piece");
            Assert.That(json.Encode("É"), Is.EqualTo(Ids(7)), "without its accent");
            Assert.That(json.Encode(new string('a', 101)), Is.EqualTo((int[])[2, 1, 3]), "too long a word");
            Assert.That(json.Decode([2, 4, 5, 6, 8, 9, 10, 3]), Is.EqualTo("unaffable wanted!"));
        });
    }

    [Test]
    public void A_GGUF_vocabulary_gives_the_ids_of_the_json([Values] bool isLowercase)
    {
        var random = new Random(7);
        List<string> characters = [.. RandomText.Pieces.SelectMany(piece => piece.EnumerateRunes()).Select(rune => rune.ToString())];
        string[] pieces =
        [
            .. characters.Concat(Enumerable.Range(0, 300).Select(_ =>
                    string.Concat(Enumerable.Range(0, random.Next(2, 4)).Select(_ => characters[random.Next(characters.Count)]))))
                .Select(piece => isLowercase ? piece.ToLowerInvariant() : piece).Append(isLowercase ? "a" : "A")
                .Where(piece => !piece.Contains('\u2581') && !piece.Any(char.IsWhiteSpace) && !(isLowercase && piece.Any(char.IsUpper)))
                .SelectMany(piece => new[] { piece, "##" + piece }).Where(_ => random.Next(6) > 0).Append(isLowercase ? "x" : "X").Distinct(),
        ];
        Tokenizer json = Json(pieces, isLowercase);
        Tokenizer gguf = Tokenizer.Create(new TokenizerData
        {
            Model = "bert",
            Tokens =
            [
                .. Specials.Concat(pieces.Select(piece => piece.StartsWith("##", StringComparison.Ordinal) ? piece[2..] : "\u2581" + piece))
                    .Select(Encoding.UTF8.GetBytes),
            ],
            TokenTypes = [.. Enumerable.Range(0, Specials.Length + pieces.Length).Select(id => id < Specials.Length ? 3 : 1)],
            BosTokenId = 2,
            EosTokenId = 3,
            UnknownTokenId = 1,
            PaddingTokenId = 0,
        });
        for (int i = 0; i < 500; i++)
        {
            string text = RandomText.Create(random, 12, []);
            Assert.That(gguf.Encode(text), Is.EqualTo(json.Encode(text)), text);
        }
    }

    [Test]
    public void Text_never_becomes_a_control_token()
    {
        Tokenizer json = Json(["cls", "[", "]"], isLowercase: true);
        Assert.That(json.Encode("[CLS]", addSpecial: false), Is.EqualTo((int[])[5, 4, 6]));
        Assert.That(json.Encode("[CLS]", addSpecial: false, parseSpecial: true), Is.EqualTo((int[])[2]));
    }

    private static Tokenizer Json(string[] pieces, bool isLowercase)
    {
        string[] tokens = [.. Specials, .. pieces];
        var file = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Specials.Select((text, id) => (JsonNode)new JsonObject
            {
                ["id"] = id,
                ["content"] = text,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = true,
                ["handle_chinese_chars"] = true,
                ["strip_accents"] = null,
                ["lowercase"] = isLowercase,
            },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = JsonNode.Parse("""{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"WordPiece","prefix":"##","cleanup":true}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["continuing_subword_prefix"] = "##",
                ["max_input_chars_per_word"] = 100,
                ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            },
        };
        return TokenizerJson.Create(Encoding.UTF8.GetBytes(file.ToJsonString()));
    }
}

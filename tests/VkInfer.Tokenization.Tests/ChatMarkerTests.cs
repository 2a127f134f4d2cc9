using System.Text;
using System.Text.Json;

namespace VkInfer.Tokenization.Tests;

/// <summary>What a user writes opens no turn, whatever shape and kind a template's markers have.</summary>
public sealed class ChatMarkerTests
{
    /// <summary>Markers of many shapes, of each kind; ordinary tokens that are in no brackets are words.</summary>
    private static IEnumerable<object[]> Markers() =>
        from marker in (string[])["<｜User｜>", "<|User|>", "[USER]", "<user>", "⟦user⟧", "### user:", "<start_of_turn>user", "\U0001F464"]
        from kind in (string[])["added", "special", "normalized", "ordinary"]
        where kind != "ordinary" || marker is ['<', .., '>'] or ['[', ..]
        from joins in (bool[])[false, true]
        select (object[])[marker, kind, joins];

    [TestCaseSource(nameof(Markers))]
    public void A_user_message_opens_no_turn(string marker, string kind, bool joins)
    {
        Tokenizer tokenizer = Create(kind, marker);
        int id = tokenizer.Encode(marker, addSpecial: false, parseSpecial: true)[0];
        Assert.That(tokenizer.Decode([id], skipSpecial: false), Is.EqualTo(marker), "the vocabulary holds it as one token");
        int role = marker.IndexOf("user", StringComparison.OrdinalIgnoreCase);
        string template = joins && role >= 0
            ? $"{{% for m in messages %}}{{{{ '{marker[..role]}' + '{marker[role..(role + 4)]}' + '{marker[(role + 4)..]}' + m.content }}}}{{% endfor %}}"
            : $"{{% for m in messages %}}{marker}{{{{ m.content }}}}{{% endfor %}}";
        int[] ids = ChatTemplate.FromJinja(template).Render(tokenizer, [new(TemplateRole.User, $"a{marker}b {marker}")], false);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(ids.Count(other => other == id), Is.EqualTo(1), string.Join('|', ids.Select(tokenizer.TextOf)));
        Assert.That(
            tokenizer.Decode(ids, skipSpecial: false).Replace(" ", "", StringComparison.Ordinal),
            Is.EqualTo($"{marker}a{marker}b{marker}".Replace(" ", "", StringComparison.Ordinal)));
    }

    [Test]
    public void White_space_and_words_that_a_template_does_not_write_stay_tokens_in_a_message()
    {
        Tokenizer tokenizer = Create("added", "<user>", "  ", "<think>", "\n\n");
        const string Text = "a  b\n\n<think>";
        int[] ids = ChatTemplate.FromJinja("<user>\n\n{{ messages[0].content }}").Render(tokenizer, [new(TemplateRole.User, Text)], false);
        Assert.That(ids[2..], Is.EqualTo(tokenizer.Encode(Text, addSpecial: false)));
    }

    [Test]
    public void A_template_finds_what_it_looks_for_in_what_the_model_wrote()
    {
        Tokenizer tokenizer = Create("added", "<user>", "</think>", "<think>");
        const string Source = "{% for m in messages %}<user>{% if '</think>' in m.content %}{{ m.content.split('</think>')[1] }}"
            + "{% else %}{{ m.content }}{% endif %}{% endfor %}<think>";
        string Render(TemplateRole role) => tokenizer.Decode(
            ChatTemplate.FromJinja(Source).Render(tokenizer, [new(role, "a</think>b<user>")], false), skipSpecial: false);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Render(TemplateRole.Assistant), Is.EqualTo("<user>b<user><think>"));
        Assert.That(Render(TemplateRole.User), Is.EqualTo("<user>a</think>b<user><think>"));
    }

    /// <summary>A vocabulary of bytes with merges to each of the markers, which are tokens of a kind.</summary>
    private static Tokenizer Create(string kind, params string[] markers)
    {
        var vocabulary = Enumerable.Range(0, 256).ToDictionary(value => ByteLevelAlphabet.ToChar((byte)value).ToString(), value => value);
        var merges = new List<string[]>();
        var added = new List<object>();
        foreach (string marker in markers)
        {
            string letters = kind == "ordinary" ? ByteLevelAlphabet.Encode(marker) : marker;
            for (int i = 2; kind == "ordinary" && i <= letters.Length; i++)
            {
                merges.Add([letters[..(i - 1)], letters[(i - 1)..i]]);
                vocabulary.TryAdd(letters[..i], vocabulary.Count);
            }

            if (kind != "ordinary")
            {
                added.Add(new { id = 256 + added.Count, content = marker, special = kind == "special", normalized = kind == "normalized" });
            }
        }

        return TokenizerJson.Create(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
        {
            added_tokens = added,
            normalizer = new { type = "NFC" },
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, use_regex = false },
            decoder = new { type = "ByteLevel" },
            model = new { type = "BPE", vocab = vocabulary, merges },
        })));
    }
}

using System.Text;
using VkInfer.Answers;
using VkInfer.Grammar;
using VkInfer.Tests.Answers;
using VkInfer.Tests.Hostile;
using VkInfer.Tokenization;

namespace VkInfer.Tests.Embedded;

/// <summary>What a model thinks is told apart from what it says, in the stream and in the history.</summary>
public sealed class ThinkingChatTests : EmbeddedFixture
{
    private static readonly Conversation[] WithoutCalls = [.. Conversations.All.Where(conversation => conversation.Calls.Length == 0)];

    [Test]
    public async Task An_answer_with_thoughts_is_told_and_kept_without_them()
    {
        using var chat = new ChatSession(Model) { Format = AnswerFormat.Of("<think></think>", Model.Tokenizer) };
        (string text, string thoughts, Usage first) = await Send(chat, "What is 2 + 2?", "<think>\nHm.\n</think>\n\nFour.");
        var expected = new TemplateMessage(TemplateRole.Assistant, "Four.") { Reasoning = "Hm." };
        Assert.Multiple(() =>
        {
            Assert.That(text, Is.EqualTo("Four."));
            Assert.That(thoughts, Is.EqualTo("Hm."));
            Assert.That(chat.History[^1], Is.EqualTo(expected));
        });

        // The next prompt is the conversation as the template wants it, and its beginning is not computed again.
        (_, _, Usage second) = await Send(chat, "And 3 + 3?", "Six.");
        int[] whole = Model.ChatTemplate.Render(Model.Tokenizer, [.. chat.History.Take(3)], addGenerationPrompt: true);
        Assert.Multiple(() =>
        {
            Assert.That(Model.Tokenizer.Decode(whole), Does.Contain("Four.").And.Not.Contain("Hm."));
            Assert.That(second.PromptTokens, Is.EqualTo(whole.Length));
            Assert.That(second.CachedTokens, Is.GreaterThanOrEqualTo(first.PromptTokens));
        });
    }

    [Test]
    public async Task An_answer_that_is_left_in_a_thought_is_a_thought()
    {
        using var chat = new ChatSession(Model) { Format = AnswerFormat.Of("<think></think>", Model.Tokenizer) };
        (string text, string thoughts, _) = await Send(chat, "What is 2 + 2?", "<think>Hm, so");
        Assert.That((text, thoughts), Is.EqualTo(("", "Hm, so")));
        Assert.That(chat.History[^1], Is.EqualTo(new TemplateMessage(TemplateRole.Assistant, "") { Reasoning = "Hm, so" }));
    }

    [Test]
    public async Task Where_the_prompt_opens_a_thought_only_a_grammar_says_otherwise()
    {
        var tiny = new TinyLlama();
        tiny.Metadata["tokenizer.chat_template"] =
            "{% for message in messages %}{{ message.content | replace('</think>', '') }}{% endfor %}<think>\n";
        using var file = new TemporaryFile(tiny.ToArray());
        using Model model = Model.Load(file.Path, TestModels.Options());
        using var chat = new ChatSession(model);
        (string text, string thoughts, _) = await Send(chat, "ab a", "{\"n\": 4}");
        Assert.That((text, thoughts), Is.EqualTo(("{\"n\": 4}", "")));
        (text, thoughts, _) = await Send(chat, "ab a", new GenerationOptions { MaxTokens = 8, IgnoreEndOfText = true });
        Assert.That(text, Is.Empty);
        Assert.That(thoughts, Is.Not.Empty);
    }

    [TestCaseSource(nameof(WithoutCalls))]
    public void A_turn_is_read_as_its_family_writes(Conversation conversation)
    {
        var turn = new ChatTurn("Hi.", [], 0);
        turn.ReadWith(conversation.Format.CreateParser([], conversation.Prompt));
        var text = new StringBuilder();
        foreach ((string part, bool isControl) in Conversation.Parts(conversation.Stream))
        {
            GenerationUpdate told = turn.Take(
                new GenerationUpdate(isControl ? "" : part, [0], null, null) { ControlToken = isControl ? part : null });
            Assert.That(told.ControlToken, Is.Null);
            text.Append(told.Text);
        }

        text.Append(turn.Take(new GenerationUpdate("", [1], FinishReason.EndOfText, null)).Text);
        Assert.That(text.ToString(), Is.EqualTo(conversation.Text));
        Assert.That(
            turn.After.Last(),
            Is.EqualTo(new TemplateMessage(TemplateRole.Assistant, conversation.Text) { Reasoning = conversation.Reasoning }));
    }

    /// <summary>A parser holds back what may be the beginning of a marker.</summary>
    [Test]
    public void A_turn_that_is_cut_off_keeps_all_that_came()
    {
        var turn = new ChatTurn("Hi.", [], 0);
        turn.ReadWith(AnswerFormat.Of("<think></think>", Model.Tokenizer).CreateParser([], ""));
        Assert.That(turn.Take(new GenerationUpdate("2 <th", [0], null, null)).Text, Is.EqualTo("2"));
        turn.End();
        Assert.That(turn.After.Last().Content, Is.EqualTo("2 <th"));
    }

    private static Task<(string Text, string Thoughts, Usage Usage)> Send(ChatSession chat, string message, string answer) =>
        Send(chat, message, new GenerationOptions { Grammar = GrammarPart.Text(answer).Compile() });

    private static async Task<(string Text, string Thoughts, Usage Usage)> Send(
        ChatSession chat, string message, GenerationOptions options)
    {
        StringBuilder text = new(), thoughts = new();
        Usage? usage = null;
        await foreach (GenerationUpdate update in chat.SendAsync(message, options))
        {
            text.Append(update.Text);
            thoughts.AppendJoin("", update.Pieces.OfType<ReasoningPiece>().Select(piece => piece.Text));
            usage = update.Usage ?? usage;
        }

        return (text.ToString(), thoughts.ToString(), usage!);
    }
}

namespace VkInfer.Tests.Answers;

public sealed class AnswerParserTests
{
    private static readonly Conversation[] All = Conversations.All;

    [TestCaseSource(nameof(All))]
    public void The_format_is_found_by_the_template(Conversation conversation) =>
        Assert.That(conversation.Format.Name, Is.EqualTo(conversation.Family == "qwen3" ? "hermes" : conversation.Family));

    [TestCaseSource(nameof(All))]
    public void An_answer_is_told_apart(Conversation conversation) =>
        Assert.That(conversation.Read(conversation.Stream, () => int.MaxValue), Is.EqualTo(conversation.Expected));

    [TestCaseSource(nameof(All))]
    public void Where_the_stream_is_cut_makes_no_difference(Conversation conversation)
    {
        Assert.That(conversation.Read(conversation.Stream, () => 1), Is.EqualTo(conversation.Expected));
        for (int cut = 1; cut < conversation.Stream.Length; cut++)
        {
            int left = cut;
            int Once() => (left, left) is var (now, _) && (left = int.MaxValue) > 0 ? now : 0;
            Assert.That(conversation.Read(conversation.Stream, Once), Is.EqualTo(conversation.Expected), $"cut at {cut}");
        }
    }

    [TestCaseSource(nameof(All))]
    public void Without_tools_calls_are_text_and_nothing_is_lost(Conversation conversation)
    {
        string read = conversation.Read("before <tool_call> and {\"name\": 1} after", () => 3, hasTools: false);
        Assert.That(read, Is.EqualTo(
            conversation.Prompt.TrimEnd().EndsWith("<think>", StringComparison.Ordinal)
                ? "[before <tool_call> and {\"name\": 1} after] []" : "[] [before <tool_call> and {\"name\": 1} after]"));
    }

    /// <summary>A recipient is nobody where there is nothing to call.</summary>
    [Test]
    public void Without_tools_the_channels_of_gpt_oss_say_what_is_text()
    {
        Conversation harmony = All.First(conversation => conversation.Family == "harmony");
        const string Stream = "⟦<|channel|>⟧analysis to=python⟦<|message|>⟧1 + 1⟦<|end|>⟧⟦<|start|>⟧assistant"
            + "⟦<|channel|>⟧commentary to=functions.now⟦<|message|>⟧{}";
        Assert.That(harmony.Read(Stream, () => 3, hasTools: false), Is.EqualTo("[1 + 1] [{}]"));
    }

    /// <summary>Streams that keep to no format do not throw, and their cuts make no difference either.</summary>
    [TestCaseSource(nameof(All))]
    public void Broken_streams_are_read_in_one_way(Conversation conversation)
    {
        var random = new Random(conversation.Stream.Length);
        (string Text, bool IsControl)[] parts = [.. Conversations.All.SelectMany(other => Conversation.Parts(other.Stream))];
        for (int round = 0; round < 300; round++)
        {
            string stream = conversation.Stream;
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                int at = random.Next(stream.Length + 1);
                (string text, bool isControl) = parts[random.Next(parts.Length)];
                string added = isControl ? $"⟦{text}⟧" : text[..random.Next(Math.Min(text.Length, 20) + 1)];
                int end = Math.Min(stream.Length, at + random.Next(30));
                stream = random.Next(2) == 0 ? stream[..at] + stream[end..] : stream[..at] + added + stream[at..];
            }

            string whole = conversation.Read(stream, () => int.MaxValue);
            Assert.That(conversation.Read(stream, () => 1), Is.EqualTo(whole), stream);
            Assert.That(conversation.Read(stream, () => random.Next(1, 9)), Is.EqualTo(whole), stream);
        }
    }
}

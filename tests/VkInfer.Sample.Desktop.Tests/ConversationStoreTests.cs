using Microsoft.Data.Sqlite;
using Microsoft.Extensions.AI;
using VkInfer.Samples.Desktop.Conversations;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>Conversations are there again, as they were.</summary>
public sealed class ConversationStoreTests
{
    private TemporaryFolder _folder = null!;
    private DataFile _file = null!;
    private ConversationStore _store = null!;

    [SetUp]
    public void Open()
    {
        _folder = new TemporaryFolder();
        Reopen();
    }

    [TearDown]
    public void Close()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_conversation_survives_the_program()
    {
        long id = _store.Create("How warm is it?");
        _store.Append(
            id,
            [
                new ChatMessage(ChatRole.Assistant, [
                    new TextReasoningContent("A tool knows."),
                    new FunctionCallContent("1", "weather", new Dictionary<string, object?> { ["city"] = "Bonn" }),
                ]),
                new ChatMessage(ChatRole.Tool, [new FunctionResultContent("1", "21 degrees")]),
                new ChatMessage(ChatRole.Assistant, "It is **21** degrees. 😀"),
            ],
            "12 tokens");
        _file.Dispose();
        Reopen();

        IReadOnlyList<StoredMessage> messages = _store.Messages(id);
        Assert.That(messages.Select(message => message.Position), Is.EqualTo(new[] { 0, 1, 2, 3 }));
        Assert.That(messages.Select(message => message.Note), Is.EqualTo(new[] { null, null, null, "12 tokens" }));
        Assert.Multiple(() =>
        {
            Assert.That(messages[0].Message.Text, Is.EqualTo("How warm is it?"));
            Assert.That(((TextReasoningContent)messages[1].Message.Contents[0]).Text, Is.EqualTo("A tool knows."));
            Assert.That(((FunctionCallContent)messages[1].Message.Contents[1]).Arguments!["city"]!.ToString(), Is.EqualTo("Bonn"));
            Assert.That(((FunctionResultContent)messages[2].Message.Contents[0]).Result!.ToString(), Is.EqualTo("21 degrees"));
            Assert.That(messages[3].Message.Text, Is.EqualTo("It is **21** degrees. 😀"));
        });
    }

    [Test]
    public void The_latest_conversation_comes_first()
    {
        long first = _store.Create("first"), second = _store.Create("second");
        Assert.That(_store.List().Select(conversation => conversation.Id), Is.EqualTo(new[] { second, first }));
        Thread.Sleep(2);
        _store.Append(first, [new ChatMessage(ChatRole.Assistant, "more")]);
        Assert.That(_store.List().Select(conversation => conversation.Id), Is.EqualTo(new[] { first, second }));
    }

    [Test]
    public void Editing_forgets_what_came_behind()
    {
        long id = _store.Create("one");
        _store.Append(id, [new ChatMessage(ChatRole.Assistant, "two"), new ChatMessage(ChatRole.User, "three")]);
        _store.Replace(id, 2, "four");
        Assert.That(_store.Messages(id).Select(message => message.Message.Text), Is.EqualTo(new[] { "one", "two", "four" }));
        Assert.That(_store.Find(id)!.Title, Is.EqualTo("one"));
        _store.Replace(id, 0, "five");
        Assert.That(_store.Messages(id).Select(message => message.Message.Text), Is.EqualTo(new[] { "five" }));
        Assert.That(_store.Find(id)!.Title, Is.EqualTo("five"));
    }

    [Test]
    public void An_answer_to_a_deleted_conversation_goes_nowhere()
    {
        long id = _store.Create("gone");
        _store.Delete(id);
        _store.Append(id, [new ChatMessage(ChatRole.Assistant, "late")]);
        Assert.Multiple(() =>
        {
            Assert.That(_store.Find(id), Is.Null);
            Assert.That(_store.Messages(id), Is.Empty);
            Assert.That(_store.List(), Is.Empty);
        });
    }

    [TestCase("  a\n b ", "a b")]
    [TestCase("", "")]
    [TestCase(
        "0123456789012345678901234567890123456789012345678901234567890123456789",
        "01234567890123456789012345678901234567890123456789012345678…")]
    public void A_title_is_one_short_line(string text, string expected) =>
        Assert.That(ConversationStore.TitleOf(text), Is.EqualTo(expected));

    [Test]
    public void A_title_cuts_no_character() =>
        Assert.That(ConversationStore.TitleOf(new string('a', 58) + "😀😀"), Is.EqualTo(new string('a', 58) + "…"));

    [Test]
    public void A_file_that_is_none_is_refused_by_name()
    {
        string path = _folder.Write("other.db", "this is no database, though it is long enough to be taken for one"u8.ToArray());
        Assert.That(
            () => new DataFile(path),
            Throws.TypeOf<DataFileException>().With.Message.Contains(path).And.Property(nameof(DataFileException.Path)).EqualTo(path));
    }

    [Test]
    public void A_file_of_a_later_version_is_refused_and_left_as_it_is()
    {
        string path = _folder.PathOf("later.db");
        using (var later = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            later.Open();
            DataFile.Run(later, "PRAGMA user_version = 7");
        }

        Assert.That(() => new DataFile(path), Throws.TypeOf<DataFileException>().With.Message.Contains("version 7"));
    }

    [Test]
    public void Others_can_read_neither_the_folder_nor_the_file()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows has other rights.");
            return;
        }

        const UnixFileMode readAndWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new DataFile(_folder.PathOf("data/conversations.db"));
        Assert.That(File.GetUnixFileMode(_folder.PathOf("data")), Is.EqualTo(readAndWrite | UnixFileMode.UserExecute));
        foreach (string path in Directory.EnumerateFiles(_folder.PathOf("data")))
        {
            Assert.That(File.GetUnixFileMode(path), Is.EqualTo(readAndWrite), path);
        }
    }

    private void Reopen()
    {
        _file = new DataFile(_folder.PathOf("conversations.db"));
        _store = new ConversationStore(_file, TimeProvider.System);
    }
}

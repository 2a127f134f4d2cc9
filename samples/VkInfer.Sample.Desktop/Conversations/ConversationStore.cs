using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Conversations;

/// <summary>The conversations of a <see cref="DataFile"/>. Thread-safe.</summary>
/// <param name="file">Where they are kept; stays the caller's.</param>
/// <param name="time">Tells the time.</param>
public sealed class ConversationStore(DataFile file, TimeProvider time)
{
    private const int LongestTitle = 60;

    private static readonly JsonSerializerOptions Json = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>Raised behind every change, with the conversation's number, from any thread.</summary>
    public event Action<long>? Changed;

    /// <summary>All conversations, the latest first.</summary>
    public IReadOnlyList<Conversation> List() =>
        file.Read("SELECT id, title, updated FROM conversations ORDER BY updated DESC, id DESC", ReadConversation);

    /// <summary>A conversation, or null where there is none of this number.</summary>
    public Conversation? Find(long id) =>
        file.Read("SELECT id, title, updated FROM conversations WHERE id = $0", ReadConversation, id).SingleOrDefault();

    /// <summary>Begins a conversation with a user's message.</summary>
    /// <returns>Its number.</returns>
    public long Create(string text)
    {
        long id = file.Change(connection =>
        {
            using SqliteCommand insert = DataFile.Command(
                connection, "INSERT INTO conversations (title, updated) VALUES ($0, $1) RETURNING id", TitleOf(text), Now());
            return (long)insert.ExecuteScalar()!;
        });
        Append(id, [new ChatMessage(ChatRole.User, text)]);
        return id;
    }

    /// <summary>Deletes a conversation with its messages.</summary>
    public void Delete(long id)
    {
        Change(id, connection => DataFile.Run(connection, "DELETE FROM conversations WHERE id = $0", id));
    }

    /// <summary>The messages of a conversation, in their order.</summary>
    public IReadOnlyList<StoredMessage> Messages(long id) => file.Read(
        "SELECT position, message, note FROM messages WHERE conversation = $0 ORDER BY position",
        row => new StoredMessage(
            row.GetInt32(0), JsonSerializer.Deserialize<ChatMessage>(row.GetString(1), Json)!,
            row.IsDBNull(2) ? null : row.GetString(2)),
        id);

    /// <summary>Adds messages at the end; nothing happens where the conversation was deleted meanwhile.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="note">Is kept with the last of them.</param>
    public void Append(long id, IReadOnlyList<ChatMessage> messages, string? note = null) => Change(id, connection =>
    {
        for (int i = 0; i < messages.Count; i++)
        {
            DataFile.Run(
                connection,
                """
                INSERT INTO messages (conversation, position, message, note)
                SELECT id, (SELECT coalesce(max(position) + 1, 0) FROM messages WHERE conversation = $0), $1, $2
                FROM conversations WHERE id = $0
                """,
                id, JsonSerializer.Serialize(messages[i], Json), i == messages.Count - 1 ? note : null);
        }
    });

    /// <summary>Deletes the messages from a place on.</summary>
    public void Truncate(long id, int position) => Change(
        id, connection => DataFile.Run(connection, "DELETE FROM messages WHERE conversation = $0 AND position >= $1", id, position));

    /// <summary>Puts another message of the user's at a place, behind which nothing is left. At the beginning it gives the title.</summary>
    public void Replace(long id, int position, string text)
    {
        Truncate(id, position);
        Append(id, [new ChatMessage(ChatRole.User, text)]);
        if (position == 0)
        {
            Change(id, connection => DataFile.Run(connection, "UPDATE conversations SET title = $1 WHERE id = $0", id, TitleOf(text)));
        }
    }

    /// <summary>A title of one short line.</summary>
    internal static string TitleOf(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= LongestTitle)
        {
            return line;
        }

        // No character is cut in two.
        int end = char.IsHighSurrogate(line[LongestTitle - 2]) ? LongestTitle - 2 : LongestTitle - 1;
        return line[..end] + "…";
    }

    private void Change(long id, Action<SqliteConnection> change)
    {
        file.Change(connection =>
        {
            change(connection);
            DataFile.Run(connection, "UPDATE conversations SET updated = $1 WHERE id = $0", id, Now());
            return id;
        });
        Changed?.Invoke(id);
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Conversation ReadConversation(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));
}

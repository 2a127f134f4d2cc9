using Microsoft.Data.Sqlite;

namespace VkInfer.Samples.Desktop.Conversations;

/// <summary>
/// The SQLite file that keeps conversations and settings. One connection, used under a lock: what is asked of it takes less than a
/// millisecond. Thread-safe; other processes may have it open, too.
/// </summary>
public sealed class DataFile : IDisposable
{
    private const int Version = 1;

    private const string Schema = """
        CREATE TABLE conversations (id INTEGER PRIMARY KEY, title TEXT NOT NULL, updated INTEGER NOT NULL);
        CREATE TABLE messages (
            conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, position INTEGER NOT NULL,
            message TEXT NOT NULL, note TEXT, PRIMARY KEY (conversation, position)) WITHOUT ROWID;
        CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """;

    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;

    /// <summary>Opens the file, which is made if it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFileException">It cannot be opened, is no such file, or is of a later version.</exception>
    public DataFile(string path)
    {
        Path = path;
        var address = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, Pooling = false };
        _connection = new SqliteConnection(address.ToString());
        try
        {
            CreateForTheUser(System.IO.Path.GetFullPath(path));
            _connection.Open();
            Prepare();
        }
        catch (Exception problem) when (problem is SqliteException or IOException or UnauthorizedAccessException)
        {
            _connection.Dispose();
            throw new DataFileException(path, $"it cannot be opened: {problem.Message}", problem);
        }
        catch (DataFileException)
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Runs commands that belong together: all of them take effect, or none.</summary>
    public T Change<T>(Func<SqliteConnection, T> change)
    {
        lock (_lock)
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            T result = change(_connection);
            transaction.Commit();
            return result;
        }
    }

    /// <summary>Reads rows.</summary>
    public IReadOnlyList<T> Read<T>(string query, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> arguments)
    {
        lock (_lock)
        {
            using SqliteCommand command = Command(_connection, query, arguments);
            using SqliteDataReader reader = command.ExecuteReader();
            var rows = new List<T>();
            while (reader.Read())
            {
                rows.Add(row(reader));
            }

            return rows;
        }
    }

    /// <summary>A command whose arguments are named $0, $1 and so on.</summary>
    public static SqliteCommand Command(SqliteConnection connection, string text, params ReadOnlySpan<object?> arguments)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        for (int i = 0; i < arguments.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", arguments[i] ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Runs a command; its arguments are named $0, $1 and so on.</summary>
    public static void Run(SqliteConnection connection, string text, params ReadOnlySpan<object?> arguments)
    {
        using SqliteCommand command = Command(connection, text, arguments);
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _connection.Dispose();
        }
    }

    /// <summary>
    /// Makes an empty file, which SQLite takes for a new database, and its folder: conversations are for their user alone, and what SQLite
    /// puts beside a database has its rights.
    /// </summary>
    private static void CreateForTheUser(string path)
    {
        string folder = System.IO.Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder); // The user's own folders are closed there.
            return;
        }

        const UnixFileMode readAndWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Directory.CreateDirectory(folder, readAndWrite | UnixFileMode.UserExecute);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, UnixCreateMode = readAndWrite };
        using var file = new FileStream(path, options);
    }

    private void Prepare()
    {
        Run(_connection, "PRAGMA journal_mode = WAL");
        Change(connection =>
        {
            using SqliteCommand command = Command(connection, "PRAGMA user_version");
            long version = (long)command.ExecuteScalar()!;
            if (version > Version)
            {
                throw new DataFileException(Path, $"it is of version {version}, and this program knows {Version}");
            }

            if (version == 0)
            {
                Run(connection, Schema);
            }

            return version;
        });
    }
}

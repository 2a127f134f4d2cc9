using System.Text;
using System.Text.Unicode;

namespace VkInfer.Cli;

/// <summary>Reads text that must be valid UTF-8.</summary>
internal static class TextFile
{
    /// <summary>Bytes of a grammar or a schema, at most.</summary>
    public const long MaxGrammarBytes = 16 << 20;

    private const long MaxBytes = 512 << 20;

    // Of what has no length to look at: a pipe, a device.
    private const long MaxStreamBytes = 64 << 20;

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file, or a pipe.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="maxBytes">Bytes of it, at most; a pipe has fewer.</param>
    /// <exception cref="CliException">It is not there, too large, or not UTF-8; the message says where.</exception>
    public static async Task<string> ReadAsync(string path, CancellationToken cancellationToken, long maxBytes = MaxBytes)
    {
        if (Directory.Exists(path))
        {
            throw new CliException($"{path}: is a directory");
        }

        if (!File.Exists(path))
        {
            throw new CliException($"{path}: no such file");
        }

        // Opening a pipe waits for its writer, which cancellation cannot reach.
        byte[] bytes = await Task.Run(() => ReadBytes(path, maxBytes), cancellationToken)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        if (Utf8.IsValid(text))
        {
            return Encoding.UTF8.GetString(text);
        }

        char[] characters = new char[text.Length];
        Utf8.ToUtf16(text, characters, out int valid, out _, replaceInvalidSequences: false);
        throw new CliException($"{path}: not valid UTF-8 at byte {bytes.Length - text.Length + valid}");
    }

    private static byte[] ReadBytes(string path, long maxBytes)
    {
        using FileStream file = File.OpenRead(path);
        long length = file.CanSeek ? file.Length : 0;
        long most = length > 0 ? maxBytes : Math.Min(maxBytes, MaxStreamBytes);
        CliException TooLarge() => new($"{path}: more than {most} bytes");
        if (length > most)
        {
            throw TooLarge();
        }

        var bytes = new MemoryStream((int)length);
        byte[] piece = new byte[1 << 16];
        while (file.Read(piece) is > 0 and var read)
        {
            bytes.Write(piece, 0, bytes.Length + read <= most ? read : throw TooLarge());
        }

        return bytes.ToArray();
    }
}

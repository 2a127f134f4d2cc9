using System.Text;
using System.Text.Unicode;

namespace VkInfer.Cli;

/// <summary>Reads text that must be valid UTF-8.</summary>
internal static class TextFile
{
    private const long MaxBytes = 512 << 20;

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="CliException">It is not there, or not UTF-8; the message says where.</exception>
    public static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
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
        byte[] bytes = await Task.Run(() => ReadBytes(path), cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        if (Utf8.IsValid(text))
        {
            return Encoding.UTF8.GetString(text);
        }

        char[] characters = new char[text.Length];
        Utf8.ToUtf16(text, characters, out int valid, out _, replaceInvalidSequences: false);
        throw new CliException($"{path}: not valid UTF-8 at byte {bytes.Length - text.Length + valid}");
    }

    private static byte[] ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        var bytes = new MemoryStream();
        byte[] piece = new byte[1 << 16];
        while (file.Read(piece) is > 0 and var read)
        {
            bytes.Write(piece, 0, bytes.Length + read <= MaxBytes ? read : throw new CliException($"{path}: more than {MaxBytes} bytes"));
        }

        return bytes.ToArray();
    }
}

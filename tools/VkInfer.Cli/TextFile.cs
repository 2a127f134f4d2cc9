using System.Text;
using System.Text.Unicode;

namespace VkInfer.Cli;

/// <summary>Reads text that must be valid UTF-8.</summary>
internal static class TextFile
{
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

        byte[] bytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        if (Utf8.IsValid(text))
        {
            return Encoding.UTF8.GetString(text);
        }

        char[] characters = new char[text.Length];
        Utf8.ToUtf16(text, characters, out int valid, out _, replaceInvalidSequences: false);
        throw new CliException($"{path}: not valid UTF-8 at byte {bytes.Length - text.Length + valid}");
    }
}

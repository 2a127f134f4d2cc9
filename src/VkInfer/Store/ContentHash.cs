using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace VkInfer;

/// <summary>Hashes files as a hub does: SHA-256 of what it keeps as large files, and the id of a git object of the rest.</summary>
internal static class ContentHash
{
    private const int BufferBytes = 1 << 20;
    private const int GitDigits = 40;

    /// <summary>The hash of a file, of the kind that another one is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="like">The hash to compare with.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static string Of(string path, string like, CancellationToken cancellationToken)
    {
        using FileStream file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(like.Length == GitDigits ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (like.Length == GitDigits)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
        }

        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, read));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

using System.Security.Cryptography;
using System.Text;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;

namespace VkInfer;

/// <summary>
/// What stands before the pages in a file of a session: <c>VKISESS</c> and a zero, version, bytes of the rest; then model, type, shape of
/// pages, tokens, and how many of them have keys and values; then SHA-256 of all before. Numbers are little-endian.
/// </summary>
/// <param name="Model">The model's fingerprint.</param>
/// <param name="Type">Element type of keys and values.</param>
/// <param name="PageBytes">Bytes of a page.</param>
/// <param name="Windows">For each group of layers its window.</param>
/// <param name="Tokens">The session's tokens.</param>
/// <param name="Computed">How many of them have keys and values.</param>
/// <param name="FirstHeld">For each group the first page that is there; those before it fell behind the window.</param>
internal sealed record SessionHeader(
    string Model, KvType Type, long PageBytes, int[] Windows, int[] Tokens, int Computed, int[] FirstHeld)
{
    /// <summary>Bytes of a checksum.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    private const int Version = 1;
    private const int FixedBytes = 16;
    private const int MaxBytes = 1 << 28;

    private static readonly byte[] Magic = [.. "VKISESS\0"u8];

    /// <summary>Pages that follow.</summary>
    public int PageCount => FirstHeld.Sum(first => KvLayout.PageCount(Computed) - first);

    /// <summary>Writes it.</summary>
    public void Write(Stream stream)
    {
        using var rest = new MemoryStream();
        using (var writer = new BinaryWriter(rest, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Model);
            writer.Write(Type.ToString());
            writer.Write(KvLayout.PageTokens);
            writer.Write(PageBytes);
            WriteAll(writer, Windows);
            WriteAll(writer, Tokens);
            writer.Write(Computed);
            WriteAll(writer, FirstHeld);
        }

        using var all = new MemoryStream();
        using (var writer = new BinaryWriter(all, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write((int)rest.Length);
            writer.Write(rest.ToArray());
        }

        stream.Write(all.ToArray());
        stream.Write(SHA256.HashData(all.ToArray()));
    }

    /// <summary>Reads it, and checks that it is whole.</summary>
    /// <param name="stream">At its beginning.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="SessionFileException">It is not.</exception>
    /// <exception cref="IOException">The system cannot read it.</exception>
    public static SessionHeader Read(Stream stream, string path)
    {
        byte[] begin = ReadBytes(stream, FixedBytes, path);
        if (!begin.AsSpan(0, Magic.Length).SequenceEqual(Magic))
        {
            throw new SessionFileException(path, "is no saved session");
        }

        int version = BitConverter.ToInt32(begin, Magic.Length);
        if (version != Version)
        {
            throw new SessionFileException(path, $"version {version} of saved sessions; expected {Version}");
        }

        int length = BitConverter.ToInt32(begin, Magic.Length + sizeof(int));
        if (length is < 0 or > MaxBytes)
        {
            throw new SessionFileException(path, $"damaged: a header of {length} bytes");
        }

        byte[] rest = ReadBytes(stream, length, path);
        byte[] hash = ReadBytes(stream, HashBytes, path);
        if (!SHA256.HashData([.. begin, .. rest]).AsSpan().SequenceEqual(hash))
        {
            throw new SessionFileException(path, "damaged: the header's checksum is not that of its bytes");
        }

        try
        {
            return Parse(rest);
        }
        catch (Exception exception) when (exception is IOException or FormatException or ArgumentException)
        {
            throw new SessionFileException(path, "damaged: the header makes no sense", exception);
        }
    }

    /// <summary>Checks that a session of a model can take the file.</summary>
    /// <exception cref="SessionFileException">It cannot.</exception>
    public void Check(Model model, KvStore store, string path)
    {
        void Expect<T>(string what, T expected, T actual)
            where T : notnull
        {
            if (!expected.Equals(actual))
            {
                throw new SessionFileException(path, $"{what} {actual}; expected {expected}");
            }
        }

        Expect("saved with a model of fingerprint", model.Fingerprint ?? "none", Model);
        Expect("saved with keys and values of type", store.Type, Type);
        Expect("bytes of a page:", store.PageBytes, PageBytes);
        Expect("windows:", string.Join(' ', store.Groups.Select(group => group.Window)), string.Join(' ', Windows));
        bool isPossible = Computed >= 0 && Computed <= Tokens.Length && FirstHeld.Length == Windows.Length
            && Tokens.All(token => (uint)token < (uint)model.Config.VocabSize);
        for (int group = 0; isPossible && group < Windows.Length; group++)
        {
            isPossible = FirstHeld[group] >= 0 && FirstHeld[group] <= KvLayout.PageCount(Computed)
                && FirstHeld[group] * KvLayout.PageTokens <= store.Groups[group].FirstVisible(Computed);
        }

        if (!isPossible)
        {
            throw new SessionFileException(path, "damaged: the header makes no sense");
        }
    }

    /// <summary>Reads so many bytes.</summary>
    /// <exception cref="SessionFileException">The file is shorter.</exception>
    public static byte[] ReadBytes(Stream stream, long count, string path)
    {
        if (count > stream.Length - stream.Position)
        {
            throw new SessionFileException(path, $"ends after {stream.Length} bytes; expected {stream.Position + count} or more");
        }

        byte[] bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static SessionHeader Parse(byte[] rest)
    {
        using var reader = new BinaryReader(new MemoryStream(rest), Encoding.UTF8);
        string model = reader.ReadString();
        KvType type = Enum.Parse<KvType>(reader.ReadString());
        int pageTokens = reader.ReadInt32();
        var header = new SessionHeader(
            model, type, reader.ReadInt64(), ReadAll(reader), ReadAll(reader), reader.ReadInt32(), ReadAll(reader));
        return pageTokens == KvLayout.PageTokens && reader.BaseStream.Position == rest.Length
            ? header
            : throw new FormatException($"pages of {pageTokens} positions, {rest.Length} bytes");
    }

    private static void WriteAll(BinaryWriter writer, int[] values)
    {
        writer.Write(values.Length);
        Array.ForEach(values, writer.Write);
    }

    private static int[] ReadAll(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        if (count < 0 || count > (reader.BaseStream.Length - reader.BaseStream.Position) / sizeof(int))
        {
            throw new FormatException($"a list of {count} numbers");
        }

        int[] values = new int[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = reader.ReadInt32();
        }

        return values;
    }
}

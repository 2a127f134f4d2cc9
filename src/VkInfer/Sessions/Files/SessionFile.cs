using System.Security.Cryptography;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;
using VkInfer.Formats;

namespace VkInfer;

/// <summary>
/// Files of sessions: a <see cref="SessionHeader"/>, then the pages of each group of layers in the order of positions, each with SHA-256 of
/// its bytes.
/// </summary>
internal static class SessionFile
{
    /// <summary>Writes a file whole, or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">What stands before the pages.</param>
    /// <param name="store">Where the pages lie.</param>
    /// <param name="pages">The pages in the store, held meanwhile and not written.</param>
    /// <param name="cancellation">Ends the work; then no file is left.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, SessionHeader header, KvStore store, IReadOnlyList<int> pages, CancellationToken cancellation) =>
        NewFile.Write(path, file =>
        {
            header.Write(file);
            byte[] bytes = new byte[store.PageBytes];
            foreach (int page in pages)
            {
                cancellation.ThrowIfCancellationRequested();
                store.Read(page, bytes);
                file.Write(bytes);
                file.Write(SHA256.HashData(bytes));
            }
        });

    /// <summary>Opens a file, and reads what stands before the pages.</summary>
    /// <exception cref="SessionFileException">It is none that a session of the model can take.</exception>
    /// <exception cref="IOException">It cannot be read, or there is none.</exception>
    public static FileStream Open(string path, Model model, KvStore store, out SessionHeader header)
    {
        if (RegularFile.FindLength(path) == 0)
        {
            throw new SessionFileException(path, "is no saved session");
        }

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            header = SessionHeader.Read(file, path);
            header.Check(model, store, path);
            long expected = file.Position + (header.PageCount * (store.PageBytes + SessionHeader.HashBytes));
            if (file.Length != expected)
            {
                throw new SessionFileException(path, $"has {file.Length} bytes; expected {expected}");
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the pages.</summary>
    /// <param name="file">Behind the header.</param>
    /// <param name="store">Where they go.</param>
    /// <param name="pages">The pages in the store, held meanwhile; nobody reads them.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="SessionFileException">The file is damaged.</exception>
    /// <exception cref="IOException">The system cannot read it.</exception>
    public static void ReadPages(FileStream file, KvStore store, IReadOnlyList<int> pages, CancellationToken cancellation)
    {
        byte[] bytes = new byte[store.PageBytes];
        byte[] hash = new byte[SessionHeader.HashBytes];
        foreach (int page in pages)
        {
            cancellation.ThrowIfCancellationRequested();
            file.ReadExactly(bytes);
            file.ReadExactly(hash);
            if (!SHA256.HashData(bytes).AsSpan().SequenceEqual(hash))
            {
                throw new SessionFileException(file.Name, $"damaged: the checksum before byte {file.Position} is not that of the page");
            }

            store.Write(page, bytes);
        }
    }

    /// <summary>The pages of a sequence in the order of a file.</summary>
    public static IEnumerable<int> PagesOf(Sequence sequence) =>
        sequence.Tables.SelectMany(table => table.Pages.Skip(table.FirstHeld));
}

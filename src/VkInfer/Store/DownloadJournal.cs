using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace VkInfer;

/// <summary>
/// What of a file has been loaded, kept beside it: the file is cut into chunks of equal size, each loaded from its beginning. A journal
/// that does not fit the file starts anew; the checksum at the end finds what a crash may have left wrong. Thread-safe for different
/// chunks.
/// </summary>
internal sealed class DownloadJournal : IDisposable
{
    private const long Magic = 0x3130_4C4A_4B56; // VKJL01
    private const int HeaderBytes = 3 * sizeof(long);

    private readonly SafeFileHandle _file;
    private readonly long _size;
    private readonly long[] _done;

    private DownloadJournal(SafeFileHandle file, long size, long chunkBytes)
    {
        _file = file;
        _size = size;
        ChunkBytes = chunkBytes;
        _done = new long[checked((int)((size + chunkBytes - 1) / chunkBytes))];
    }

    public long ChunkBytes { get; }

    public int Chunks => _done.Length;

    /// <summary>Bytes loaded so far.</summary>
    public long Total => _done.Sum();

    /// <summary>Opens the journal of a file, or begins one.</summary>
    /// <param name="path">The journal.</param>
    /// <param name="size">Bytes of the file.</param>
    /// <param name="chunkBytes">Bytes of a chunk, where it begins.</param>
    public static DownloadJournal Open(string path, long size, long chunkBytes)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            byte[] header = new byte[HeaderBytes];
            if (RandomAccess.Read(file, header, 0) == HeaderBytes && Field(header, 0) == Magic && Field(header, 1) == size
                && Field(header, 2) is > 0 and var bytes && size / bytes < 1 << 20)
            {
                var journal = new DownloadJournal(file, size, bytes);
                if (journal.TryRead())
                {
                    return journal;
                }
            }

            var fresh = new DownloadJournal(file, size, chunkBytes);
            fresh.Reset();
            return fresh;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public long Start(int chunk) => chunk * ChunkBytes;

    public long Length(int chunk) => Math.Min(ChunkBytes, _size - Start(chunk));

    public long Done(int chunk) => _done[chunk];

    public bool IsDone(int chunk) => _done[chunk] == Length(chunk);

    /// <summary>Takes note of bytes that have been written.</summary>
    public void Advance(int chunk, long bytes) => Set(chunk, _done[chunk] + bytes);

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        RandomAccess.SetLength(_file, 0);
        byte[] header = new byte[HeaderBytes + (_done.Length * sizeof(long))];
        long[] fields = [Magic, _size, ChunkBytes];
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(i * sizeof(long)), fields[i]);
        }

        RandomAccess.Write(_file, header, 0);
        Array.Clear(_done);
    }

    public void Dispose() => _file.Dispose();

    private static long Field(ReadOnlySpan<byte> bytes, int index) =>
        BinaryPrimitives.ReadInt64LittleEndian(bytes[(index * sizeof(long))..]);

    private void Set(int chunk, long done)
    {
        Span<byte> field = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(field, done);
        RandomAccess.Write(_file, field, HeaderBytes + ((long)chunk * sizeof(long)));
        _done[chunk] = done;
    }

    private bool TryRead()
    {
        byte[] fields = new byte[_done.Length * sizeof(long)];
        if (RandomAccess.Read(_file, fields, HeaderBytes) != fields.Length)
        {
            return false;
        }

        for (int chunk = 0; chunk < _done.Length; chunk++)
        {
            _done[chunk] = Field(fields, chunk);
            if (_done[chunk] < 0 || _done[chunk] > Length(chunk))
            {
                return false;
            }
        }

        return true;
    }
}

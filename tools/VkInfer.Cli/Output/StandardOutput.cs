using Microsoft.Win32.SafeHandles;

namespace VkInfer.Cli.Output;

/// <summary>Standard output, whose faults say so: the system's own words for a closed or full one name no file.</summary>
internal sealed class StandardOutput : Stream
{
    // Numbers of the system's errors, the same on Linux and macOS.
    private const int BrokenPipe = 32;
    private static readonly int TryAgain = OperatingSystem.IsLinux() ? 11 : 35;

    // A pipe takes so many bytes whole or not at all (POSIX has 512, Linux 4096).
    private const int MostAtOnce = 512;

    private readonly Stream? _stream = StandardStreams.IsClosed(StandardStreams.Out) ? null : Console.OpenStandardOutput();
    private readonly FileStream? _pipe = OpenPipe();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            if (_stream is null)
            {
                throw Closed();
            }

            if (_pipe is null)
            {
                _stream.Write(buffer);
                return;
            }

            for (; !buffer.IsEmpty; buffer = buffer[Math.Min(MostAtOnce, buffer.Length)..])
            {
                WriteToPipe(buffer[..Math.Min(MostAtOnce, buffer.Length)]);
            }
        }
        catch (UnauthorizedAccessException)
        {
            throw Closed();
        }
        catch (IOException problem)
        {
            throw new CliException($"standard output: {problem.Message}");
        }
    }

    public override void Flush() => _stream?.Flush();

    /// <summary>
    /// The same stream where it is a pipe: the console's own takes a closed one for written to, and the program would go on for nobody.
    /// </summary>
    private static FileStream? OpenPipe()
    {
        if (OperatingSystem.IsWindows() || StandardStreams.IsClosed(StandardStreams.Out))
        {
            return null;
        }

        var handle = new SafeFileHandle(StandardStreams.Out, ownsHandle: false);
        var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? null : stream;
    }

    private void WriteToPipe(ReadOnlySpan<byte> part)
    {
        try
        {
            _pipe!.Write(part);
        }
        catch (IOException problem) when (problem.HResult == BrokenPipe)
        {
            throw new BrokenPipeException();
        }
        catch (IOException problem) when (problem.HResult == TryAgain)
        {
            _stream!.Write(part); // A full pipe that does not block: the console waits for room.
        }
    }

    private static CliException Closed() => new("standard output is closed");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

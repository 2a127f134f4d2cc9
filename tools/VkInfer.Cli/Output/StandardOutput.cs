namespace VkInfer.Cli.Output;

/// <summary>Standard output, whose faults say so: the system's own words for a closed or full one name no file.</summary>
internal sealed class StandardOutput : Stream
{
    private readonly Stream? _stream = StandardStreams.IsClosed(StandardStreams.Out) ? null : Console.OpenStandardOutput();

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
            (_stream ?? throw Closed()).Write(buffer);
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

    private static CliException Closed() => new("standard output is closed");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

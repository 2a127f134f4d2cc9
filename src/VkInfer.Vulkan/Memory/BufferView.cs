namespace VkInfer.Vulkan;

/// <summary>A range of a buffer, as a dispatch, copy or fill takes it. Does not own the buffer.</summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct BufferView(GpuBuffer Buffer, long Offset, long Length)
{
    /// <summary>See <see cref="GpuBuffer.DeviceAddress"/>.</summary>
    public ulong DeviceAddress => Buffer.DeviceAddress + (ulong)Offset;

    internal void Check(string parameter)
    {
        if (Buffer is null)
        {
            throw new ArgumentException("The view has no buffer.", parameter);
        }

        Buffer.CheckRange(Offset, Length, parameter);
    }

    internal bool Overlaps(in BufferView other)
        => ReferenceEquals(Buffer, other.Buffer) && Offset < other.Offset + other.Length && other.Offset < Offset + Length;
}

using System.Runtime.InteropServices;
using NUnit.Framework;
using VkInfer.Vulkan;

namespace VkInfer.Testing;

/// <summary>
/// An output buffer between guard words. The output itself starts as NaN (as float32 and as float16), so that what a kernel leaves
/// unwritten shows; the guards show what it writes outside.
/// </summary>
public sealed class GuardedBuffer : IDisposable
{
    private const int GuardBytes = 4096;
    private const uint GuardWord = 0x5AFE_C0DE;
    private const uint NotANumber = 0x7FFF_7FFF;

    private readonly GpuDevice _device;
    private readonly GpuBuffer _buffer;
    private readonly long _paddedLength;

    public GuardedBuffer(GpuDevice device, long lengthInBytes, string name = "guarded")
    {
        _device = device;
        _paddedLength = (lengthInBytes + 3) & ~3L;
        _buffer = device.CreateBuffer(_paddedLength + (2 * GuardBytes), BufferKind.DeviceLocal, name);
        View = _buffer.View(GuardBytes, lengthInBytes);
        uint[] words = new uint[_buffer.SizeInBytes / sizeof(uint)];
        words.AsSpan().Fill(GuardWord);
        words.AsSpan(GuardBytes / sizeof(uint), (int)(_paddedLength / sizeof(uint))).Fill(NotANumber);
        device.Upload(_buffer, 0, MemoryMarshal.AsBytes(words.AsSpan()));
    }

    /// <summary>The output.</summary>
    public BufferView View { get; }

    /// <summary>Writes the output's initial contents, for kernels that accumulate.</summary>
    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged
        => _device.Upload(_buffer, View.Offset, MemoryMarshal.AsBytes(values));

    /// <summary>Checks the guards and returns the output.</summary>
    public T[] Read<T>()
        where T : unmanaged
    {
        AssertIntact();
        return Buffers.Read<T>(_device, View);
    }

    /// <summary>Fails if anything outside the output was written.</summary>
    public void AssertIntact()
    {
        uint[] words = Buffers.Read<uint>(_device, _buffer.Whole);
        const int Before = GuardBytes / sizeof(uint);
        int after = Before + (int)(_paddedLength / sizeof(uint));
        for (int i = 0; i < words.Length; i++)
        {
            if ((i < Before || i >= after) && words[i] != GuardWord)
            {
                Assert.Fail($"'{_buffer.Name}': the guard word {(i < Before ? i - Before : i - after)} words "
                    + $"{(i < Before ? "before" : "after")} the output was overwritten with 0x{words[i]:x8}.");
            }
        }
    }

    public void Dispose() => _buffer.Dispose();
}

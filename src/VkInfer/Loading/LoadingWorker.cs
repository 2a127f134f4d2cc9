using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>
/// What one thread of loading has of its own: memory to read and to pack into, and for quantising a buffer and a command list.
/// </summary>
internal sealed class LoadingWorker(GpuDevice device, ParallelUploader uploads, CancellationToken cancellation) : IDisposable
{
    private byte[] _stored = [];
    private byte[] _packed = [];
    private GpuBuffer? _floats;
    private CommandList? _commands;
    private Submission _submission;

    /// <summary>Where all threads upload.</summary>
    public ParallelUploader Uploads => uploads;

    /// <summary>Bytes of a tensor; valid until the next call.</summary>
    public ReadOnlySpan<byte> Read(IWeightSource file, GgufTensor tensor, long offset, int length)
    {
        Span<byte> bytes = Room(ref _stored, length);
        file.ReadTensor(tensor, offset, bytes);
        return bytes;
    }

    /// <summary>Memory for packed rows; valid until the next call.</summary>
    public Span<byte> Packed(int length) => Room(ref _packed, length);

    /// <summary>Uploads a whole buffer of float32.</summary>
    public void Upload(GpuBuffer buffer, int first, FillValues fill) =>
        Upload(buffer, first, fill, (int)(buffer.SizeInBytes / sizeof(float)) - first);

    /// <summary>Uploads some float32 of a buffer.</summary>
    public void Upload(GpuBuffer buffer, int first, FillValues fill, int count) => uploads.Write(
        buffer.View((long)first * sizeof(float), (long)count * sizeof(float)), null,
        (bytes, _) => fill(MemoryMarshal.Cast<byte, float>(bytes)), cancellation);

    /// <summary>A matrix of floats for the device to quantise from, once it is done with the one before.</summary>
    public WeightMatrix Floats(WeightType type, int rows, int columns)
    {
        device.Wait(_submission, cancellation);
        long bytes = WeightLayout.SizeInBytes(type, rows, columns);
        if (_floats is null || _floats.SizeInBytes < bytes)
        {
            _floats?.Dispose();
            _floats = device.CreateBuffer(Math.Max(bytes, ParallelUploader.MaxBytes), BufferKind.DeviceLocal, "quantize.floats");
        }

        return WeightMatrix.FromPacked(type, rows, columns, _floats.View(0, bytes));
    }

    /// <summary>The worker's command list, which the device is done with.</summary>
    public CommandList Commands(string name) => _commands ??= device.CreateCommandList(name);

    public void Submit(CommandList commands) => _submission = device.Submit(commands);

    /// <summary>Waits for what was submitted.</summary>
    public void Finish() => device.Wait(_submission, cancellation);

    public void Dispose()
    {
        _commands?.Dispose();
        _floats?.Dispose();
    }

    private static Span<byte> Room(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(length);
        }

        return buffer.AsSpan(0, length);
    }
}

/// <summary>Writes float32.</summary>
internal delegate void FillValues(Span<float> values);

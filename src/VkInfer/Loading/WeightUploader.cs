using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>
/// Moves weights from a mapped file to the device, a slice of rows at a time, with progress and cancellation. Floats that shall be blocks
/// become so on the device.
/// </summary>
internal sealed class WeightUploader
{
    // Large enough to keep the bus busy, small enough that cancellation is answered at once.
    private const int SliceBytes = 8 << 20;

    private readonly GpuDevice _device;
    private readonly IWeightSource _file;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<GpuBuffer> _buffers;
    private readonly long _total;
    private readonly QuantizeKernel _quantize;
    private long _done;
    private byte[] _quants = [];
    private byte[] _scales = [];

    public WeightUploader(
        GpuDevice device, KernelContext kernels, IWeightSource file, long totalBytes, List<GpuBuffer> buffers, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        _device = device;
        _quantize = new QuantizeKernel(kernels);
        _file = file;
        _total = totalBytes;
        _buffers = buffers;
        _progress = progress;
        _cancellation = cancellation;
    }

    public WeightMatrix Upload(MatrixPlan plan)
    {
        GpuBuffer buffer = Create(plan.SizeInBytes, plan.Name);
        WeightMatrix matrix = WeightMatrix.FromPacked(plan.Type, plan.Rows, plan.Columns, buffer);
        int row = 0;
        foreach (string name in plan.Tensors)
        {
            GgufTensor tensor = WeightPlanner.Find(_file, name);
            UploadRows(tensor, matrix, row);
            row += checked((int)tensor.Rows);
        }

        return matrix;
    }

    public StackedWeights Upload(IReadOnlyList<MatrixPlan> parts) => new([.. parts.Select(Upload)]);

    /// <summary>Uploads a vector as float32, padded with zeros to a multiple of 64 elements.</summary>
    public BufferView Upload(VectorPlan plan)
    {
        var values = new float[WeightLayout.PadColumns(plan.Length)];
        int at = 0;
        foreach (string name in plan.Tensors)
        {
            GgufTensor tensor = WeightPlanner.Find(_file, name);
            int length = checked((int)tensor.Columns);
            Dequantizer.ToFloat32(tensor.Type, _file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), values.AsSpan(at, length));
            at += length;
        }

        return Upload(plan.Tensors[0], values);
    }

    public BufferView Upload(string name, float[] values)
    {
        GpuBuffer buffer = Create((long)values.Length * sizeof(float), name);
        _device.Upload(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return buffer;
    }

    private GpuBuffer Create(long bytes, string name)
    {
        _cancellation.ThrowIfCancellationRequested();
        GpuBuffer buffer = _device.CreateBuffer(bytes, BufferKind.DeviceLocal, name);
        _buffers.Add(buffer);
        return buffer;
    }

    private void UploadRows(GgufTensor tensor, WeightMatrix matrix, int firstRow)
    {
        WeightType stored = WeightPlanner.ToWeightType(_file.Path, tensor);
        if (QuantizeKernel.CanConvert(stored, matrix.Type))
        {
            QuantizeRows(tensor, stored, matrix, firstRow);
            return;
        }

        foreach ((long row, int count) in Slices(tensor))
        {
            ReadOnlySpan<byte> source = Read(tensor, row, count);
            Write(matrix, firstRow + row, count, stored == matrix.Type
                ? source
                : RowConverter.ConvertRows(tensor.Type, source, count, matrix.Columns, Quantization.ToTensorType(matrix.Type)));
            Report(matrix, count);
        }
    }

    /// <summary>A slice at a time: as floats into a buffer of its own, and from there as blocks into the matrix.</summary>
    private void QuantizeRows(GgufTensor tensor, WeightType stored, WeightMatrix matrix, int firstRow)
    {
        using GpuBuffer floats = _device.CreateBuffer(
            WeightLayout.SizeInBytes(stored, RowsPerSlice(tensor), matrix.Columns), BufferKind.DeviceLocal, tensor.Name + ".floats");
        foreach ((long row, int count) in Slices(tensor))
        {
            WeightMatrix slice = WeightMatrix.FromPacked(stored, count, matrix.Columns, floats);
            Write(slice, 0, count, Read(tensor, row, count));
            using CommandList commands = _device.CreateCommandList("quantize." + tensor.Name);
            commands.Record(list => _quantize.Record(list, slice, matrix, checked((int)(firstRow + row))));
            _device.Wait(_device.Submit(commands), _cancellation);
            Report(matrix, count);
        }
    }

    private IEnumerable<(long Row, int Count)> Slices(GgufTensor tensor)
    {
        int most = RowsPerSlice(tensor);
        for (long row = 0; row < tensor.Rows; row += most)
        {
            _cancellation.ThrowIfCancellationRequested();
            yield return (row, (int)Math.Min(most, tensor.Rows - row));
        }
    }

    private static int RowsPerSlice(GgufTensor tensor) => (int)Math.Clamp(SliceBytes / Math.Max(tensor.RowBytes, 1), 1, tensor.Rows);

    private ReadOnlySpan<byte> Read(GgufTensor tensor, long row, int count) =>
        _file.GetTensorData(tensor, row * tensor.RowBytes, checked((int)(count * tensor.RowBytes)));

    /// <summary>Packs rows and copies them to where they belong in a matrix.</summary>
    private void Write(WeightMatrix matrix, long firstRow, int count, ReadOnlySpan<byte> rows)
    {
        Span<byte> quants = Room(ref _quants, WeightLayout.QuantBytes(matrix.Type, count, matrix.Columns));
        Span<byte> scales = Room(ref _scales, WeightLayout.ScaleBytes(matrix.Type, count, matrix.Columns));
        WeightLayout.Pack(matrix.Type, rows, count, matrix.Columns, quants, scales);
        _device.Upload(matrix.Quants.Buffer, matrix.Quants.Offset + (firstRow * WeightLayout.QuantBytes(matrix.Type, 1, matrix.Columns)), quants);
        if (!scales.IsEmpty)
        {
            _device.Upload(matrix.Scales.Buffer, matrix.Scales.Offset + (firstRow * WeightLayout.ScaleBytes(matrix.Type, 1, matrix.Columns)), scales);
        }
    }

    private static Span<byte> Room(ref byte[] buffer, long length)
    {
        if (buffer.Length < length)
        {
            buffer = new byte[length];
        }

        return buffer.AsSpan(0, (int)length);
    }

    private void Report(WeightMatrix matrix, int rows)
    {
        _done += WeightLayout.QuantBytes(matrix.Type, rows, matrix.Columns) + WeightLayout.ScaleBytes(matrix.Type, rows, matrix.Columns);
        _progress?.Report(new LoadProgress("Loading weights", Math.Min(_done, _total), _total));
    }
}

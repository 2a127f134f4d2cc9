using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>Moves weights from a mapped file to the device, a slice of rows at a time, with progress and cancellation.</summary>
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
    private long _done;

    public WeightUploader(
        GpuDevice device, IWeightSource file, long totalBytes, List<GpuBuffer> buffers, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        _device = device;
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
        long fileRowBytes = tensor.RowBytes;
        int columns = matrix.Columns;
        int rowsPerSlice = (int)Math.Clamp(SliceBytes / Math.Max(fileRowBytes, 1), 1, tensor.Rows);
        WeightType sourceType = WeightPlanner.ToWeightType(_file.Path, tensor);
        long quantsPerRow = WeightLayout.QuantBytes(matrix.Type, 1, columns);
        long scalesPerRow = WeightLayout.ScaleBytes(matrix.Type, 1, columns);
        var quants = new byte[checked((int)(quantsPerRow * rowsPerSlice))];
        var scales = new byte[checked((int)(scalesPerRow * rowsPerSlice))];
        for (long row = 0; row < tensor.Rows; row += rowsPerSlice)
        {
            _cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(rowsPerSlice, tensor.Rows - row);
            ReadOnlySpan<byte> source = _file.GetTensorData(tensor, row * fileRowBytes, checked((int)(count * fileRowBytes)));
            ReadOnlySpan<byte> rows = sourceType == matrix.Type ? source
                : RowConverter.ConvertRows(tensor.Type, source, count, columns, Quantization.ToTensorType(matrix.Type));
            Span<byte> quantSlice = quants.AsSpan(0, checked((int)(count * quantsPerRow)));
            Span<byte> scaleSlice = scales.AsSpan(0, checked((int)(count * scalesPerRow)));
            WeightLayout.Pack(matrix.Type, rows, count, columns, quantSlice, scaleSlice);
            long at = firstRow + row;
            _device.Upload(matrix.Quants.Buffer, matrix.Quants.Offset + (at * quantsPerRow), quantSlice);
            if (!scaleSlice.IsEmpty)
            {
                _device.Upload(matrix.Scales.Buffer, matrix.Scales.Offset + (at * scalesPerRow), scaleSlice);
            }

            _done += quantSlice.Length + scaleSlice.Length;
            _progress?.Report(new LoadProgress("Loading weights", Math.Min(_done, _total), _total));
        }
    }
}

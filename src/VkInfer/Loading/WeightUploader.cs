using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Loading;

/// <summary>
/// Moves weights from a file to the device. What is asked for has its buffer at once; its bytes come with <see cref="Run"/>, in pieces of
/// rows, on several threads, in the order of the file.
/// </summary>
internal sealed class WeightUploader
{
    private readonly GpuDevice _device;
    private readonly IWeightSource _file;
    private readonly List<GpuBuffer> _buffers;
    private readonly QuantizeKernel _quantize;
    private readonly CancellationToken _cancellation;
    private readonly LoadingProgress _progress;
    private readonly List<LoadingJob> _jobs = [];

    public WeightUploader(
        GpuDevice device, KernelContext kernels, IWeightSource file, long totalBytes, List<GpuBuffer> buffers,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        _device = device;
        _quantize = new QuantizeKernel(kernels);
        _file = file;
        _buffers = buffers;
        _progress = new LoadingProgress(progress, totalBytes);
        _cancellation = cancellation;
    }

    public WeightMatrix Upload(MatrixPlan plan)
    {
        GpuBuffer buffer = Create(plan.SizeInBytes, plan.Name, plan.IsRarelyRead ? BufferKind.System : BufferKind.DeviceLocal);
        WeightMatrix matrix = WeightMatrix.FromPacked(plan.Type, plan.Rows, plan.Columns, buffer);
        int firstRow = 0;
        foreach (string name in plan.Tensors)
        {
            GgufTensor tensor = WeightPlanner.Find(_file, name);
            AddRows(tensor, matrix, firstRow);
            firstRow += checked((int)tensor.Rows);
        }

        return matrix;
    }

    public StackedWeights Upload(IReadOnlyList<MatrixPlan> parts) => new([.. parts.Select(Upload)]);

    /// <summary>A vector as float32, padded with zeros to a multiple of 64 elements.</summary>
    public BufferView Upload(VectorPlan plan)
    {
        (GgufTensor? Tensor, int Length)[] pieces =
            [.. plan.Pieces.Select(piece => (piece.Tensor is { } name ? WeightPlanner.Find(_file, name) : null, piece.Length))];
        GgufTensor first = pieces.First(piece => piece.Tensor is not null).Tensor!;
        GpuBuffer buffer = Create((long)WeightLayout.PadColumns(plan.Length) * sizeof(float), first.Name);
        _jobs.Add(LoadingJob.At(first, 0, worker => worker.Upload(buffer, 0, values =>
        {
            values.Clear();
            int at = 0;
            foreach ((GgufTensor? tensor, int length) in pieces)
            {
                if (tensor is not null)
                {
                    ReadOnlySpan<byte> stored = worker.Read(_file, tensor, 0, checked((int)tensor.ByteSize));
                    Dequantizer.ToFloat32(tensor.Type, stored, values.Slice(at, length));
                }

                at += length;
            }
            if (plan.Factor != 1)
            {
                foreach (ref float value in values[..at])
                {
                    value *= plan.Factor;
                }
            }
        })));
        return buffer;
    }

    public BufferView Upload(string name, float[] values)
    {
        const int Piece = ParallelUploader.MaxBytes / sizeof(float);
        GpuBuffer buffer = Create((long)values.Length * sizeof(float), name);
        for (int start = 0; start < values.Length; start += Piece)
        {
            int first = start;
            ReadOnlyMemory<float> piece = values.AsMemory(first, Math.Min(Piece, values.Length - first));
            _jobs.Add(LoadingJob.First(worker => worker.Upload(buffer, first, span => piece.Span.CopyTo(span), piece.Length)));
        }

        return buffer;
    }

    /// <summary>Reads and uploads everything that was asked for, and returns once the device has it.</summary>
    /// <exception cref="IOException">The file was shortened meanwhile, or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    public void Run() => LoadingJob.RunAll(_jobs, _device, _cancellation);

    private GpuBuffer Create(long bytes, string name, BufferKind kind = BufferKind.DeviceLocal)
    {
        _cancellation.ThrowIfCancellationRequested();
        GpuBuffer buffer = _device.CreateBuffer(bytes, kind, name);
        _buffers.Add(buffer);
        return buffer;
    }

    private void AddRows(GgufTensor tensor, WeightMatrix matrix, int firstRow)
    {
        WeightType stored = WeightPlanner.ToWeightType(_file.Path, tensor);
        bool quantizes = QuantizeKernel.CanConvert(stored, matrix.Type);
        int most = RowsPerPiece(tensor, quantizes ? stored : matrix.Type);
        var tensorScales = TensorScales.Read(_file, tensor);
        for (long row = 0; row < tensor.Rows; row += most)
        {
            long first = row;
            int count = (int)Math.Min(most, tensor.Rows - row);
            _jobs.Add(LoadingJob.At(tensor, row * tensor.RowBytes, worker =>
            {
                if (quantizes)
                {
                    Quantize(worker, tensor, stored, tensorScales, first, count, matrix, firstRow);
                }
                else
                {
                    Write(worker, tensor, stored, tensorScales, first, count, matrix, firstRow + first);
                }

                _progress.Report(
                    WeightLayout.QuantBytes(matrix.Type, count, matrix.Columns)
                        + WeightLayout.ScaleBytes(matrix.Type, count, matrix.Columns));
            }));
        }
    }

    private static int RowsPerPiece(GgufTensor tensor, WeightType type)
    {
        int columns = checked((int)tensor.Columns);
        long rowBytes = WeightLayout.QuantBytes(type, 1, columns) + WeightLayout.ScaleBytes(type, 1, columns);
        return (int)Math.Clamp(ParallelUploader.MaxBytes / Math.Max(rowBytes, tensor.RowBytes), 1, tensor.Rows);
    }

    /// <summary>Reads rows, packs them, and copies them to where they belong in a matrix.</summary>
    /// <returns>For <see cref="ParallelUploader.Wait"/>.</returns>
    private ulong Write(
        LoadingWorker worker, GgufTensor tensor, WeightType stored, TensorScales tensorScales, long row, int count, WeightMatrix matrix,
        long targetRow)
    {
        (WeightType type, int columns) = (matrix.Type, matrix.Columns);
        BufferView quants = Part(matrix.Quants, WeightLayout.QuantBytes(type, 1, columns), targetRow, count);
        BufferView? scales = WeightLayout.IsQuantized(type)
            ? Part(matrix.Scales, WeightLayout.ScaleBytes(type, 1, columns), targetRow, count)
            : null;
        long offset = row * tensor.RowBytes;
        int length = checked((int)(count * tensor.RowBytes));
        return worker.Uploads.Write(
            quants, scales,
            (first, second) =>
            {
                if (stored == type && WeightLayout.IsAsStored(type, columns))
                {
                    _file.ReadTensor(tensor, offset, first);
                    return;
                }

                ReadOnlySpan<byte> source = worker.Read(_file, tensor, offset, length);
                if (stored != type)
                {
                    source = RowConverter.ConvertRows(tensor.Type, source, count, columns, Quantization.ToTensorType(type));
                }

                // Packed in memory of our own, since formats read back what they write.
                Span<byte> packed = worker.Packed(first.Length + second.Length);
                Pack(type, source, columns, tensorScales, row, count, packed[..first.Length], packed[first.Length..]);
                packed[..first.Length].CopyTo(first);
                packed[first.Length..].CopyTo(second);
            },
            _cancellation);
    }

    /// <summary>Packs rows, those that share a tensor's scale at a time.</summary>
    private static void Pack(
        WeightType type, ReadOnlySpan<byte> source, int columns, TensorScales tensorScales, long row, int count, Span<byte> quants,
        Span<byte> scales)
    {
        (int sourceRow, int quantRow, int scaleRow) = (source.Length / count, quants.Length / count, scales.Length / count);
        for (int done = 0; done < count;)
        {
            (long scale, long within) = Math.DivRem(row + done, tensorScales.RowsPerScale);
            int rows = (int)Math.Min(count - done, tensorScales.RowsPerScale - within);
            WeightLayout.Pack(
                type, source.Slice(done * sourceRow, rows * sourceRow), rows, columns, quants.Slice(done * quantRow, rows * quantRow),
                scales.Slice(done * scaleRow, rows * scaleRow), tensorScales.Values[(int)scale]);
            done += rows;
        }
    }

    /// <summary>Rows as floats into a buffer of the worker's, and from there as blocks into the matrix.</summary>
    private void Quantize(
        LoadingWorker worker, GgufTensor tensor, WeightType stored, TensorScales tensorScales, long row, int count, WeightMatrix matrix,
        int firstRow)
    {
        WeightMatrix floats = worker.Floats(stored, count, matrix.Columns);
        worker.Uploads.Wait(Write(worker, tensor, stored, tensorScales, row, count, floats, 0), _cancellation);
        CommandList commands = worker.Commands("quantize");
        commands.Record(list => _quantize.Record(list, floats, matrix, checked((int)(firstRow + row))));
        worker.Submit(commands);
    }

    private static BufferView Part(in BufferView whole, long rowBytes, long row, int count) =>
        new(whole.Buffer, whole.Offset + (row * rowBytes), count * rowBytes);
}

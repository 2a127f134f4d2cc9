using System.Diagnostics;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Runs products with some matrices, checks and times them. Owns their inputs and outputs; not thread-safe.</summary>
internal sealed class LinearRun : IDisposable
{
    private const int MostRepetitions = 200;
    private const double ShortestWarmUpSeconds = 0.05;
    private const double LongestWarmUpSeconds = 1;
    private const double ClockSeconds = 0.001;
    private const int ClockRuns = 9;
    private const double MostSlowdown = 1.05;

    private readonly KernelContext _context;
    private readonly IReadOnlyList<WeightMatrix> _matrices;
    private readonly ActivationType _type;
    private readonly List<GpuBuffer> _buffers = [];
    private readonly GpuBuffer _input;
    private readonly GpuBuffer _vector;
    private readonly VectorForm _vectorForm;
    private readonly GpuBuffer _output;
    private readonly GemmScratch _scratch;
    private readonly CommandList _once;
    private readonly (CommandList Commands, int Count)? _clock;
    private double _fastest = double.PositiveInfinity;
    private float[] _reference = [];

    /// <param name="context">The device.</param>
    /// <param name="matrices">Of one type and shape.</param>
    /// <param name="type">How products of many rows take A.</param>
    /// <param name="rows">The most rows of A.</param>
    public LinearRun(KernelContext context, IReadOnlyList<WeightMatrix> matrices, ActivationType type, int rows)
    {
        _context = context;
        _matrices = matrices;
        _type = type;
        (int n, int k) = (matrices[0].Rows, matrices[0].Columns);
        int stride = Activations.Stride(k);
        var random = new Random(1);

        // Whole fragments, whatever their height; halves, so that A is the same in both types.
        float[] values = new float[(rows + 15) / 16 * 16 * stride];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i % stride < k ? (float)(Half)((random.NextDouble() * 2) - 1) : 0;
        }

        GpuDevice device = context.Device;
        _input = Create(values.Length * (long)Activations.ElementSize(type));
        _vectorForm = GemvHeuristic.Form(matrices[0].Type, context);
        _vector = Create(VectorInput.SizeInBytes(_vectorForm, k));
        _output = Create(Activations.SizeInBytes(ActivationType.F32, rows, n));
        _once = device.CreateCommandList("tune");
        GpuBuffer scratch = Create(GemmScratch.SizeInBytes(context.Capabilities));
        _scratch = new GemmScratch(scratch);
        Submit(commands => commands.Fill(scratch, 0));
        device.Upload(
            _input, 0,
            type == ActivationType.F16
                ? MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (Half)value).AsSpan())
                : MemoryMarshal.AsBytes(values.AsSpan()));
        device.Upload(
            _vector, 0,
            _vectorForm == VectorForm.Fixed
                ? FixedPointVector.Encode(values.AsSpan(0, k))
                : MemoryMarshal.AsBytes(values.AsSpan(0, stride)));

        // A processor is kept busy by its own compiling.
        var gemv = new GemvKernel(context with { Linear = LinearDataflow.Empty });
        _clock = context.IsSoftware ? null : Repeat((list, i) => Record(list, gemv, i), ClockSeconds);
    }

    /// <summary>Records C [m, N] with the i-th matrix and a tiling; or gate and up multiplied, where the tiling's form does that.</summary>
    public void Record(
        CommandList commands, GemmKernel kernel, IGemmTiling tiling, int i, int m, ActivationFunction gate = ActivationFunction.None)
    {
        WeightMatrix w = _matrices[i % _matrices.Count];
        if (gate != ActivationFunction.None && tiling is IGatedGemmTiling { CanGate: true } gated)
        {
            kernel.RecordGated(commands, gated, w, _input, _output, gate, m, _scratch);
            return;
        }

        kernel.RecordTiled(
            commands, tiling, w, _input, _output, GemmMode.Store, m, ActivationType.F32, 0, Activations.Stride(w.Rows), _scratch);
    }

    /// <summary>Whether a tiling's tiles have room in the scratch.</summary>
    public bool HasRoom(IGemmTiling tiling, int m) =>
        tiling.Splits == 1 || _scratch.Holds(tiling, GemmHeuristic.Tiles(tiling, m, _matrices[0].Rows));

    /// <summary>Records y [N] with the i-th matrix.</summary>
    public void Record(CommandList commands, GemvKernel kernel, int i) =>
        kernel.Record(commands, _matrices[i % _matrices.Count], new VectorInput(_vector, _vectorForm), _output, GemvMode.Store);

    /// <summary>Computes what results for m rows are compared with, by the conventional tiled form.</summary>
    public void UseReference(int m)
    {
        var kernel = new GemmKernel(_context with { Linear = LinearDataflow.Empty with { Forced = LinearForm.Tiled } });
        Submit(commands => kernel.Record(commands, _matrices[0], _input, _output, GemmMode.Store, m, inputType: _type));
        _reference = Read(m);
    }

    /// <summary>Normalised mean squared error of a result's first and last row.</summary>
    public double Check(Action<CommandList> record, int m)
    {
        Submit(commands =>
        {
            commands.Fill(_output, 0x7FC00000); // NaN: what is not written is seen
            record(commands);
        });
        float[] actual = Read(m);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            error += Math.Pow(actual[i] - (double)_reference[i], 2);
            norm += Math.Pow(_reference[i], 2);
        }

        return error / norm;
    }

    /// <summary>Records a product again and again, each after the one before, for about so long; ends with the number of times.</summary>
    public (CommandList Commands, int Count) Repeat(Action<CommandList, int> record, double seconds)
    {
        CommandList list = _context.Device.CreateCommandList("tune.repeat");
        try
        {
            int count = 1;
            Fill(list, record, count);
            double once = Math.Max(Run(list), 1e-7);
            count = (int)Math.Clamp(seconds / once, 1, MostRepetitions);
            if (count > 1)
            {
                Fill(list, record, count);
            }

            return (list, count);
        }
        catch
        {
            list.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Keeps the device busy until it is as fast as it ever was here, or for a second. An idle GPU's clock falls while a driver compiles,
    /// may stay low for tenths of a second, and steadily so.
    /// </summary>
    public void WarmUp(CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        while (_clock is not null && Stopwatch.GetElapsedTime(started).TotalSeconds is var spent && spent < LongestWarmUpSeconds)
        {
            if (IsAtSpeed(cancellation) && spent >= ShortestWarmUpSeconds)
            {
                return;
            }
        }
    }

    /// <summary>Whether a matrix-vector product takes no longer than it ever did here.</summary>
    public bool IsAtSpeed(CancellationToken cancellation)
    {
        if (_clock is not { } clock)
        {
            return true;
        }

        double now = Time(clock, ClockRuns, cancellation);
        _fastest = Math.Min(_fastest, now);
        return now <= MostSlowdown * _fastest;
    }

    /// <summary>Median microseconds of one product.</summary>
    public double Time((CommandList Commands, int Count) repeated, int repeats, CancellationToken cancellation)
    {
        double[] times = new double[repeats];
        for (int i = 0; i < repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            times[i] = Run(repeated.Commands) * 1e6 / repeated.Count;
        }

        Array.Sort(times);
        return times[repeats / 2];
    }

    /// <summary>Median microseconds of some products that take turns.</summary>
    public double[] TimeInTurn(IReadOnlyList<(CommandList Commands, int Count)> repeated, int repeats, CancellationToken cancellation)
    {
        double[][] times = [.. repeated.Select(_ => new double[repeats])];
        for (int i = 0; i < repeats; i++)
        {
            for (int j = 0; j < repeated.Count; j++)
            {
                times[j][i] = Time(repeated[j], 1, cancellation);
            }
        }

        return [.. times.Select(values => values.Order().ElementAt(repeats / 2))];
    }

    public void Dispose()
    {
        _once.Dispose();
        _clock?.Commands.Dispose();
        _buffers.ForEach(buffer => buffer.Dispose());
    }

    private GpuBuffer Create(long bytes)
    {
        GpuBuffer buffer = _context.Device.CreateBuffer(bytes, BufferKind.DeviceLocal, "tune");
        _buffers.Add(buffer);
        return buffer;
    }

    private void Fill(CommandList list, Action<CommandList, int> record, int count) => list.Record(commands =>
    {
        Timestamp(commands, "begin");
        for (int i = 0; i < count; i++)
        {
            record(commands, i);
        }

        Timestamp(commands, "end");
    });

    private void Timestamp(CommandList list, string label)
    {
        if (_context.Capabilities.TimestampsSupported)
        {
            list.Timestamp(label);
        }
    }

    /// <summary>Seconds of a run: by timestamps where there are some.</summary>
    private double Run(CommandList list)
    {
        long started = Stopwatch.GetTimestamp();
        _context.Device.Wait(_context.Device.Submit(list));
        double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return list.ReadMicroseconds() * 1e-6 ?? elapsed;
    }

    private void Submit(Action<CommandList> record)
    {
        _once.Record(record);
        _context.Device.Wait(_context.Device.Submit(_once));
    }

    private float[] Read(int m)
    {
        (int n, long rowBytes) = (_matrices[0].Rows, Activations.SizeInBytes(ActivationType.F32, 1, _matrices[0].Rows));
        float[] values = new float[2 * n];
        _context.Device.Download(_output, 0, MemoryMarshal.AsBytes(values.AsSpan(0, n)));
        _context.Device.Download(_output, (m - 1) * rowBytes, MemoryMarshal.AsBytes(values.AsSpan(n)));
        return values;
    }
}

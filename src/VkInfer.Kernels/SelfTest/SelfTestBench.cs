using System.Globalization;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Turns the blocks of a file into numbers.</summary>
/// <param name="type">The weights' format.</param>
/// <param name="source">Whole blocks.</param>
/// <param name="values">One number for each weight.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public delegate void WeightDecoder(WeightType type, ReadOnlySpan<byte> source, Span<float> values);

/// <summary>The buffers of one case, and what is expected in them. Owns the buffers; not thread-safe.</summary>
internal sealed class SelfTestBench(KernelContext context, WeightDecoder decode) : IDisposable
{
    private const uint NotANumber = 0x7FFF_7FFF; // as float32 and as float16

    private readonly List<IDisposable> _owned = [];
    private readonly List<Expectation> _expectations = [];
    private readonly List<(BufferView View, uint Value)> _words = [];
    private readonly List<Func<string?>> _checks = [];
    private readonly Random _random = new(1);

    /// <summary>The device.</summary>
    public KernelContext Context { get; } = context;

    /// <summary>Numbers between -1 and 1, the same in every run.</summary>
    public float[] Values(int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)((_random.NextDouble() * 2) - 1);
        }

        return values;
    }

    /// <summary>The same numbers as a float16 holds them.</summary>
    public static float[] Rounded(float[] values) => Array.ConvertAll(values, value => (float)(Half)value);

    /// <summary>A buffer that holds the values.</summary>
    public GpuBuffer Upload<T>(params ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        GpuBuffer buffer = Create(bytes.Length);
        Context.Device.Upload(buffer, 0, bytes);
        return buffer;
    }

    /// <summary>Rows in the layout of activations; the padding, and rows beyond, are zero.</summary>
    public GpuBuffer UploadRows(float[] values, int rows, int width, ActivationType type, int allRows = 0)
    {
        int stride = Activations.Stride(width);
        float[] padded = new float[Math.Max(rows, allRows) * stride];
        for (int row = 0; row < rows; row++)
        {
            values.AsSpan(row * width, width).CopyTo(padded.AsSpan(row * stride));
        }

        return type == ActivationType.F32 ? Upload<float>(padded) : Upload<Half>(Array.ConvertAll(padded, value => (Half)value));
    }

    /// <summary>A sequence's cache of one layer: no numbers where nothing is given.</summary>
    public PagedCache Pages(AttentionShape shape, float[]? keys = null, float[]? values = null) =>
        Own(new PagedCache(Context.Device, shape, keys, values));

    /// <summary>A table of sequences.</summary>
    public SequenceTable Sequences(CommandList commands, params ReadOnlySpan<PagedCache> caches)
    {
        SequenceTable table = Own(new SequenceTable(Context.Device, caches.Length, isFixed: true));
        for (int i = 0; i < caches.Length; i++)
        {
            table.Set(i, caches[i].Keeps(Zeros(commands, SoftmaxStats.SizeInBytes)));
        }

        return table;
    }

    /// <summary>A list of rows.</summary>
    public RowList Rows(params ReadOnlySpan<RowEntry> rows) => new(Upload<RowEntry>(RowList.WithHead(rows)), rows.Length);

    /// <summary>A buffer of so many bytes that reads as no number until it is written.</summary>
    public GpuBuffer Output(CommandList commands, long bytes)
    {
        GpuBuffer buffer = Create(bytes);
        commands.Fill(buffer, NotANumber);
        return buffer;
    }

    /// <summary>A buffer of zeros.</summary>
    public GpuBuffer Zeros(CommandList commands, long bytes)
    {
        GpuBuffer buffer = Create(bytes);
        commands.Fill(buffer, 0);
        return buffer;
    }

    /// <summary>Random weights on the device, and their values.</summary>
    public (WeightMatrix Matrix, float[] Values) Weights(WeightType type, int rows, int columns)
    {
        byte[] source = WeightSamples.Create(type, rows, columns, seed: 2);
        float[] values = new float[rows * columns];
        decode(type, source, values);
        return (WeightMatrix.FromPacked(type, rows, columns, Upload<byte>(WeightSamples.Pack(type, rows, columns, source))), values);
    }

    /// <summary>Notes what a range holds when the commands have run: rows in the layout of activations.</summary>
    /// <param name="view">The rows.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="values">What the CPU computed, in double precision.</param>
    /// <param name="tolerance">How much the error may be, as a part of the values: root mean squares of both.</param>
    public void Expect(BufferView view, ActivationType type, int width, double[] values, double tolerance) =>
        _expectations.Add(new Expectation(view, type, width, Activations.Stride(width), values, tolerance));

    /// <summary>The same for values without padding.</summary>
    public void ExpectDense(BufferView view, ActivationType type, double[] values, double tolerance) =>
        _expectations.Add(new Expectation(view, type, values.Length, values.Length, values, tolerance));

    /// <summary>Notes the first word of a range.</summary>
    public void ExpectWord(BufferView view, uint value) => _words.Add((view, value));

    /// <summary>Notes something else to be asked when the commands have run.</summary>
    public void Expect(Func<string?> problem) => _checks.Add(problem);

    /// <summary>Notes what a cache holds at a position: keys and values of all heads.</summary>
    public void ExpectCached(PagedCache cache, int position, double[] keys, double[] values, double tolerance) => _checks.Add(() =>
    {
        (float[] storedKeys, float[] storedValues) = cache.ReadPosition(position);
        return Compare(storedKeys, keys, tolerance) ?? Compare(storedValues, values, tolerance);
    });

    /// <summary>Notes what a cache holds at a position, whose values are its keys.</summary>
    public void ExpectKey(PagedCache cache, int position, double[] key, double tolerance) =>
        _checks.Add(() => Compare(cache.ReadPosition(position).Keys, key, tolerance));

    /// <summary>Notes a vector in fixed point.</summary>
    public void ExpectFixed(BufferView view, double[] values, double tolerance) => _checks.Add(() =>
    {
        byte[] bytes = new byte[FixedPointVector.SizeInBytes(values.Length)];
        Context.Device.Download(view.Buffer, view.Offset, bytes);
        return Compare([.. FixedPointVector.Decode(bytes, values.Length).Select(value => (float)value)], values, tolerance);
    });

    /// <summary>Compares; null when all is as it should be.</summary>
    public string? Problem() => _expectations.Select(Compare).Concat(_words.Select(Compare)).Concat(_checks.Select(check => check()))
        .FirstOrDefault(problem => problem is not null);

    /// <summary>Disposes something with the bench.</summary>
    public T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private GpuBuffer Create(long bytes) => Own(Context.Device.CreateBuffer(bytes, BufferKind.DeviceLocal, "self-test"));

    private string? Compare((BufferView View, uint Value) expected)
    {
        byte[] bytes = new byte[sizeof(uint)];
        Context.Device.Download(expected.View.Buffer, expected.View.Offset, bytes);
        uint actual = BitConverter.ToUInt32(bytes);
        return actual == expected.Value ? null : $"the result is {actual}, expected {expected.Value}";
    }

    private string? Compare(Expectation expected)
    {
        byte[] bytes = new byte[((expected.Values.Length / expected.Width) - 1) * expected.Stride * expected.ElementSize
            + (expected.Width * expected.ElementSize)];
        Context.Device.Download(expected.View.Buffer, expected.View.Offset, bytes);
        float[] actual = new float[expected.Values.Length];
        for (int i = 0; i < actual.Length; i++)
        {
            int at = ((i / expected.Width * expected.Stride) + (i % expected.Width)) * expected.ElementSize;
            actual[i] = expected.Type == ActivationType.F32 ? BitConverter.ToSingle(bytes, at) : (float)BitConverter.ToHalf(bytes, at);
        }

        return Compare(actual, expected.Values, expected.Tolerance);
    }

    private static string? Compare(float[] actual, double[] expected, double tolerance)
    {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]))
            {
                return string.Create(CultureInfo.InvariantCulture, $"element {i} is {actual[i]}, expected {expected[i]:G6}");
            }

            error += Math.Pow(actual[i] - expected[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        double relative = Math.Sqrt(error / norm);
        return relative <= tolerance
            ? null
            : string.Create(
                CultureInfo.InvariantCulture, $"the error is {relative:G3} of the values, expected at most {tolerance:G3}");
    }

    private sealed record Expectation(BufferView View, ActivationType Type, int Width, int Stride, double[] Values, double Tolerance)
    {
        public int ElementSize => Activations.ElementSize(Type);
    }
}

using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Buffers of one test, and the recording and running of kernels. Disposes what it made.</summary>
internal sealed class KernelHarness : IDisposable
{
    private readonly List<GpuBuffer> _buffers = [];
    private readonly List<GuardedBuffer> _outputs = [];
    private readonly List<IDisposable> _others = [];

    public KernelContext Context { get; } = new(GpuFixture.Device);

    /// <summary>A buffer that holds the values.</summary>
    public GpuBuffer Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        GpuBuffer buffer = Buffers.Create(Context.Device, values);
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Rows of <paramref name="width"/> values in the layout of activations; the padding is zero.</summary>
    public GpuBuffer UploadActivations(ReadOnlySpan<float> values, int rows, int width, ActivationType type)
    {
        int stride = Activations.Stride(width);
        float[] padded = new float[rows * stride];
        for (int row = 0; row < rows; row++)
        {
            values.Slice(row * width, width).CopyTo(padded.AsSpan(row * stride));
        }

        return type == ActivationType.F32 ? Upload<float>(padded) : Upload<Half>(Array.ConvertAll(padded, value => (Half)value));
    }

    /// <summary>An output that holds <paramref name="initial"/> before, and whose surroundings are checked when it is read.</summary>
    public GuardedBuffer Output<T>(ReadOnlySpan<T> initial)
        where T : unmanaged
    {
        var output = new GuardedBuffer(Context.Device, MemoryMarshal.AsBytes(initial).Length);
        output.Write(initial);
        _outputs.Add(output);
        return output;
    }

    /// <summary>An output in the layout of activations: NaN where values belong, zero in the padding.</summary>
    public GuardedBuffer OutputActivations(int rows, int width, ActivationType type)
    {
        float[] nan = new float[rows * width];
        nan.AsSpan().Fill(float.NaN);
        return OutputActivations(nan, rows, width, type);
    }

    /// <summary>An output in the layout of activations that holds <paramref name="initial"/> before.</summary>
    public GuardedBuffer OutputActivations(ReadOnlySpan<float> initial, int rows, int width, ActivationType type)
    {
        int stride = Activations.Stride(width);
        float[] padded = new float[rows * stride];
        for (int row = 0; row < rows; row++)
        {
            initial.Slice(row * width, width).CopyTo(padded.AsSpan(row * stride));
        }

        return type == ActivationType.F32 ? Output<float>(padded) : Output<Half>(Array.ConvertAll(padded, value => (Half)value));
    }

    /// <summary>The values of an output in the layout of activations; checks guards, and that the padding still is zero.</summary>
    public static float[] ReadActivations(GuardedBuffer output, int rows, int width, ActivationType type)
    {
        float[] all = type == ActivationType.F32 ? output.Read<float>() : Array.ConvertAll(output.Read<Half>(), value => (float)value);
        int stride = Activations.Stride(width);
        float[] values = new float[rows * width];
        for (int row = 0; row < rows; row++)
        {
            all.AsSpan(row * stride, width).CopyTo(values.AsSpan(row * width));
            Assert.That(all.AsSpan((row * stride) + width, stride - width).IndexOfAnyExcept(0f), Is.EqualTo(-1), $"padding of row {row}");
        }

        return values;
    }

    /// <summary>A sequence's cache of one layer.</summary>
    public PagedCache Pages(AttentionShape shape, float[]? keys, float[]? values, int group = 0)
    {
        var cache = new PagedCache(Context.Device, shape, keys, values, group);
        _others.Add(cache);
        return cache;
    }

    /// <summary>A table of sequences.</summary>
    public SequenceTable Sequences(params ReadOnlySpan<SequenceKeeps> sequences)
    {
        var table = new SequenceTable(Context.Device, sequences.Length, isFixed: true);
        _others.Add(table);
        for (int i = 0; i < sequences.Length; i++)
        {
            table.Set(i, sequences[i]);
        }

        return table;
    }

    /// <summary>A list of rows, in a recording for more: what lies behind them names a sequence that is not there.</summary>
    public RowList Rows(params ReadOnlySpan<RowEntry> rows)
    {
        const int More = 2;
        RowEntry nobody = new(0, 0, 1 << 20, 0);
        return new RowList(Upload<RowEntry>([.. RowList.WithHead(rows), .. Enumerable.Repeat(nobody, More)]), rows.Length + More);
    }

    /// <summary>Counters of a softmax.</summary>
    public GpuBuffer Stats() => Upload<uint>(new uint[SoftmaxStats.SizeInBytes / sizeof(uint)]);

    /// <summary>Runs what is recorded.</summary>
    public void Run(Action<CommandList> record)
    {
        using CommandList commands = Context.Device.CreateCommandList(TestContext.CurrentContext.Test.Name);
        commands.Record(record);
        Context.Device.Wait(Context.Device.Submit(commands));
    }

    public void Dispose()
    {
        _buffers.ForEach(buffer => buffer.Dispose());
        _outputs.ForEach(output => output.Dispose());
        _others.ForEach(other => other.Dispose());
    }
}

using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// A packed weight matrix [Rows, Columns] on the device, as <see cref="WeightLayout"/> describes it. Refers to a buffer that
/// it does not own. Immutable.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class WeightMatrix
{
    /// <summary>Describes a matrix whose parts lie where the views say.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows: outputs of the layer.</param>
    /// <param name="columns">Number of columns: inputs of the layer, unpadded.</param>
    /// <param name="quants">The elements or quants: <see cref="WeightLayout.QuantBytes"/> bytes.</param>
    /// <param name="scales">The scales: <see cref="WeightLayout.ScaleBindingBytes"/> bytes; for formats without scales any view.</param>
    /// <exception cref="ArgumentException">A view whose length does not fit the shape.</exception>
    public WeightMatrix(WeightType type, int rows, int columns, BufferView quants, BufferView scales)
    {
        RequireLength(nameof(quants), WeightLayout.QuantBytes(type, rows, columns), quants.Length);
        if (WeightLayout.IsQuantized(type))
        {
            RequireLength(nameof(scales), WeightLayout.ScaleBindingBytes(type, rows, columns), scales.Length);
        }

        Type = type;
        Rows = rows;
        Columns = columns;
        KPadded = WeightLayout.PadColumns(columns);
        Quants = quants;
        Scales = scales;
    }

    /// <summary>The weights' format.</summary>
    public WeightType Type { get; }

    /// <summary>Number of rows: outputs of the layer.</summary>
    public int Rows { get; }

    /// <summary>Number of columns: inputs of the layer, unpadded.</summary>
    public int Columns { get; }

    /// <summary>Columns as stored: rounded up to a multiple of 64.</summary>
    public int KPadded { get; }

    /// <summary>The elements or quants.</summary>
    public BufferView Quants { get; }

    /// <summary>The scales; the same as <see cref="Quants"/> in use by formats that have none.</summary>
    public BufferView Scales { get; }

    /// <summary>Bytes of both parts.</summary>
    public long SizeInBytes => WeightLayout.QuantBytes(Type, Rows, Columns) + WeightLayout.ScaleBytes(Type, Rows, Columns);

    /// <summary>Describes a matrix packed into one buffer that begins with the quants.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    /// <param name="packed">At least <see cref="WeightLayout.SizeInBytes"/> bytes.</param>
    public static WeightMatrix FromPacked(WeightType type, int rows, int columns, BufferView packed)
    {
        long needed = WeightLayout.SizeInBytes(type, rows, columns);
        if (packed.Length < needed)
        {
            throw new ArgumentException($"{type} [{rows}, {columns}]: expected {needed} bytes, got {packed.Length}", nameof(packed));
        }

        var quants = new BufferView(packed.Buffer, packed.Offset, WeightLayout.QuantBytes(type, rows, columns));
        BufferView scales = WeightLayout.IsQuantized(type)
            ? new BufferView(
                packed.Buffer,
                packed.Offset + WeightLayout.ScalesOffset(type, rows, columns),
                WeightLayout.ScaleBindingBytes(type, rows, columns))
            : quants;
        return new WeightMatrix(type, rows, columns, quants, scales);
    }

    /// <summary>The matrix of some of the rows, without copying.</summary>
    /// <param name="firstRow">First row; a multiple of <see cref="WeightLayout.SliceRows"/> keeps every device's offset alignment.</param>
    /// <param name="rows">Number of rows.</param>
    public WeightMatrix Slice(int firstRow, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, Rows - firstRow);
        if (firstRow == 0 && rows == Rows)
        {
            return this;
        }

        long quantRow = WeightLayout.QuantBytes(Type, 1, Columns);
        long scaleRow = WeightLayout.ScaleBytes(Type, 1, Columns);
        var quants = new BufferView(Quants.Buffer, Quants.Offset + (firstRow * quantRow), rows * quantRow);
        BufferView scales = WeightLayout.IsQuantized(Type)
            ? new BufferView(Scales.Buffer, Scales.Offset + (firstRow * scaleRow), WeightLayout.ScaleBindingBytes(Type, rows, Columns))
            : quants;
        return new WeightMatrix(Type, rows, Columns, quants, scales);
    }

    /// <summary>
    /// The most rows a slice may have so that one binding can hold it, as a multiple of <paramref name="granularity"/>.
    /// </summary>
    /// <param name="maxRange">The device's largest storage buffer range in bytes.</param>
    /// <param name="granularity">What the number of rows shall be a multiple of, unless all rows fit.</param>
    /// <exception cref="NotSupportedException">Not even <paramref name="granularity"/> rows fit.</exception>
    public int MaxRowsPerBinding(long maxRange, int granularity)
    {
        long rows = maxRange / WeightLayout.QuantBytes(Type, 1, Columns);
        if (rows >= Rows)
        {
            return Rows;
        }

        rows = rows / granularity * granularity;
        return rows > 0
            ? (int)rows
            : throw new NotSupportedException(
                $"{granularity} rows of {Type} [{Rows}, {Columns}] exceed the device's storage buffer range of {maxRange} bytes");
    }

    private static void RequireLength(string name, long expected, long got)
    {
        if (expected != got)
        {
            throw new ArgumentException($"{name}: expected {expected} bytes, got {got}", name);
        }
    }
}

namespace VkInfer.Kernels;

/// <summary>
/// The packed layout of a weight matrix on the device: rows of quants whose columns are padded to a multiple of 64 with
/// weights of value zero, and, for block formats, the blocks' scales in a second part that starts at a multiple of 256 bytes.
/// Rows of formats with blocks of 256 are whole blocks and so need no padding. <c>shaders/include/weights/*.glsl</c> reads it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class WeightLayout
{
    /// <summary>Columns are padded to a multiple of this.</summary>
    public const int ColumnAlignment = 64;

    /// <summary>Both parts start at a multiple of this many bytes.</summary>
    public const int PartAlignment = 256;

    /// <summary>Columns rounded up to the padded width.</summary>
    /// <param name="columns">Number of columns, at least 1.</param>
    public static int PadColumns(int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return checked((columns + ColumnAlignment - 1) / ColumnAlignment * ColumnAlignment);
    }

    /// <summary>One type for each set of kernels: of those that are packed alike, the first.</summary>
    /// <param name="types">Types, in any order.</param>
    public static IReadOnlyList<WeightType> WithKernels(IEnumerable<WeightType> types) =>
        [.. types.DistinctBy(type => WeightFormat.Of(type).Name)];

    /// <summary>Slices that start at a multiple of so many rows keep both parts at the strictest offset alignment.</summary>
    /// <param name="type">The weights' format.</param>
    public static int SliceRows(WeightType type) => WeightFormat.Of(type).ScaleBytes % sizeof(uint) == 0 ? 64 : 128;

    /// <summary>Whether the format keeps scales beside its quants.</summary>
    /// <param name="type">The weights' format.</param>
    public static bool IsQuantized(WeightType type) => WeightFormat.Of(type).ScaleBytes > 0;

    /// <summary>Weights of a block: rows are whole blocks. 1 for formats without blocks.</summary>
    /// <param name="type">The weights' format.</param>
    public static int BlockSize(WeightType type) => WeightFormat.Of(type).BlockSize;

    /// <summary>Chunks, of as many weights as a shader decodes at a time, in a row with its padding.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static int ChunksPerRow(WeightType type, int columns) => PadColumns(columns) / WeightFormat.Of(type).ElementsPerChunk;

    /// <summary>Bytes of the quants of a matrix.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded; whole blocks.</param>
    /// <exception cref="ArgumentException">A block format with columns that are no whole blocks.</exception>
    public static long QuantBytes(WeightType type, int rows, int columns) =>
        Groups(type, rows, columns) * WeightFormat.Of(type).QuantBytes;

    /// <summary>Bytes of the scales of a matrix; 0 where the format has none.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded; whole blocks.</param>
    /// <exception cref="ArgumentException">A block format with columns that are no whole blocks.</exception>
    public static long ScaleBytes(WeightType type, int rows, int columns) =>
        Groups(type, rows, columns) * WeightFormat.Of(type).ScaleBytes;

    /// <summary>Bytes of the binding of a matrix' scales: whole words, of which the last may have bytes that belong to no row.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded; whole blocks.</param>
    /// <exception cref="ArgumentException">A block format with columns that are no whole blocks.</exception>
    public static long ScaleBindingBytes(WeightType type, int rows, int columns) =>
        (ScaleBytes(type, rows, columns) + sizeof(uint) - 1) / sizeof(uint) * sizeof(uint);

    /// <summary>Where the scales start in a buffer that begins with the quants.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static long ScalesOffset(WeightType type, int rows, int columns) =>
        (QuantBytes(type, rows, columns) + PartAlignment - 1) / PartAlignment * PartAlignment;

    /// <summary>Bytes of a buffer that holds both parts.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static long SizeInBytes(WeightType type, int rows, int columns) => IsQuantized(type)
        ? ScalesOffset(type, rows, columns) + ScaleBindingBytes(type, rows, columns)
        : QuantBytes(type, rows, columns);

    /// <summary>Bytes of one row as a GGUF file stores it, without padding.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="columns">Number of columns; whole blocks.</param>
    /// <exception cref="ArgumentException">A block format with columns that are no whole blocks.</exception>
    public static long SourceRowBytes(WeightType type, int columns) =>
        (long)RequireBlocks(type, columns) * WeightFormat.Of(type).BlockBytes;

    /// <summary>Whether packed rows are the bytes of the file, so that packing is copying.</summary>
    /// <param name="type">The weights' format, in the file and on the device.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static bool IsAsStored(WeightType type, int columns) => WeightFormat.Of(type) is PlainFormat && columns % ColumnAlignment == 0;

    /// <summary>
    /// Packs whole rows from the layout of a GGUF file. The destination may be a slice of a matrix: rows are independent.
    /// </summary>
    /// <param name="type">The weights' format, in the file and on the device.</param>
    /// <param name="source">The rows as the file stores them: <see cref="SourceRowBytes"/> each.</param>
    /// <param name="rows">Number of rows in <paramref name="source"/>.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    /// <param name="quants">Receives <see cref="QuantBytes"/> bytes, padding included.</param>
    /// <param name="scales">Receives <see cref="ScaleBytes"/> bytes.</param>
    /// <param name="tensorScale">The tensor's own scale, which NVFP4 has; other formats leave it alone.</param>
    /// <exception cref="ArgumentException">A span whose length does not fit the shape.</exception>
    public static void Pack(WeightType type, ReadOnlySpan<byte> source, int rows, int columns, Span<byte> quants, Span<byte> scales,
        float tensorScale = 1)
    {
        RequireLength(nameof(source), SourceRowBytes(type, columns) * rows, source.Length);
        RequireLength(nameof(quants), QuantBytes(type, rows, columns), quants.Length);
        RequireLength(nameof(scales), ScaleBytes(type, rows, columns), scales.Length);
        int sourceRow = (int)SourceRowBytes(type, columns);
        int quantRow = (int)QuantBytes(type, 1, columns);
        int scaleRow = (int)ScaleBytes(type, 1, columns);
        var format = WeightFormat.Of(type);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<byte> from = source.Slice(row * sourceRow, sourceRow);
            Span<byte> to = quants.Slice(row * quantRow, quantRow);
            format.PackRow(from, to, scales.Slice(row * scaleRow, scaleRow), tensorScale);
        }
    }

    private static long Groups(WeightType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        RequireBlocks(type, columns);
        return (long)PadColumns(columns) / WeightFormat.Of(type).GroupSize * rows;
    }

    /// <summary>The blocks of a row.</summary>
    private static int RequireBlocks(WeightType type, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        int size = WeightFormat.Of(type).BlockSize;
        return columns % size == 0
            ? columns / size
            : throw new ArgumentException($"{type} rows consist of blocks of {size} weights; got {columns} columns", nameof(columns));
    }

    private static void RequireLength(string name, long expected, long got)
    {
        if (expected != got)
        {
            throw new ArgumentException($"{name}: expected {expected} bytes, got {got}", name);
        }
    }
}

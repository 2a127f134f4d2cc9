namespace VkInfer.Kernels;

/// <summary>
/// The packed layout of a weight matrix on the device: rows of quants whose columns are padded to a multiple of 64 with
/// weights of value zero, and, for block formats, the blocks' half-precision scales in a second part that starts at a
/// multiple of 256 bytes. <c>shaders/include/weights_*.glsl</c> reads it.
/// </summary>
public static class WeightLayout
{
    /// <summary>Columns are padded to a multiple of this.</summary>
    public const int ColumnAlignment = 64;

    /// <summary>Both parts start at a multiple of this many bytes.</summary>
    public const int PartAlignment = 256;

    /// <summary>Weights that share one scale in a block format.</summary>
    public const int BlockSize = 32;

    private const int ScaleSize = 2;

    /// <summary>Columns rounded up to the padded width.</summary>
    /// <param name="columns">Number of columns, at least 1.</param>
    public static int PadColumns(int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return checked((columns + ColumnAlignment - 1) / ColumnAlignment * ColumnAlignment);
    }

    /// <summary>Whether the format keeps scales beside its quants.</summary>
    /// <param name="type">The weights' format.</param>
    public static bool IsQuantized(WeightType type) => type is WeightType.Q8_0 or WeightType.Q4_0;

    /// <summary>Weights in one 16-byte chunk of the quants.</summary>
    /// <param name="type">The weights' format.</param>
    public static int ElementsPerChunk(WeightType type) => type switch
    {
        WeightType.F32 => 4,
        WeightType.F16 or WeightType.BF16 => 8,
        WeightType.Q8_0 => 16,
        WeightType.Q4_0 => 32,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown weight type"),
    };

    /// <summary>16-byte chunks in a row of quants, padding included.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static int ChunksPerRow(WeightType type, int columns) => PadColumns(columns) / ElementsPerChunk(type);

    /// <summary>Bytes of the quants of a matrix.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static long QuantBytes(WeightType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        return 16L * ChunksPerRow(type, columns) * rows;
    }

    /// <summary>Bytes of the scales of a matrix; 0 where the format has none.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    public static long ScaleBytes(WeightType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        return IsQuantized(type) ? (long)ScaleSize * (PadColumns(columns) / BlockSize) * rows : 0;
    }

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
        ? ScalesOffset(type, rows, columns) + ScaleBytes(type, rows, columns)
        : QuantBytes(type, rows, columns);

    /// <summary>Bytes of one row as a GGUF file stores it, without padding.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="columns">Number of columns; a multiple of 32 for block formats.</param>
    /// <exception cref="ArgumentException">A block format with columns that are no whole blocks.</exception>
    public static long SourceRowBytes(WeightType type, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (IsQuantized(type) && columns % BlockSize != 0)
        {
            throw new ArgumentException($"{type} rows consist of blocks of {BlockSize} weights; got {columns} columns", nameof(columns));
        }

        return type switch
        {
            WeightType.F32 => 4L * columns,
            WeightType.F16 or WeightType.BF16 => 2L * columns,
            WeightType.Q8_0 => (long)columns / BlockSize * (ScaleSize + 32),
            WeightType.Q4_0 => (long)columns / BlockSize * (ScaleSize + 16),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown weight type"),
        };
    }

    /// <summary>
    /// Packs whole rows from the layout of a GGUF file. The destination may be a slice of a matrix: rows are independent.
    /// </summary>
    /// <param name="type">The weights' format, in the file and on the device.</param>
    /// <param name="source">The rows as the file stores them: <see cref="SourceRowBytes"/> each.</param>
    /// <param name="rows">Number of rows in <paramref name="source"/>.</param>
    /// <param name="columns">Number of columns, unpadded.</param>
    /// <param name="quants">Receives <see cref="QuantBytes"/> bytes, padding included.</param>
    /// <param name="scales">Receives <see cref="ScaleBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">A span whose length does not fit the shape.</exception>
    public static void Pack(WeightType type, ReadOnlySpan<byte> source, int rows, int columns, Span<byte> quants, Span<byte> scales)
    {
        RequireLength(nameof(source), SourceRowBytes(type, columns) * rows, source.Length);
        RequireLength(nameof(quants), QuantBytes(type, rows, columns), quants.Length);
        RequireLength(nameof(scales), ScaleBytes(type, rows, columns), scales.Length);
        var sourceRow = (int)SourceRowBytes(type, columns);
        var quantRow = (int)QuantBytes(type, 1, columns);
        var scaleRow = (int)ScaleBytes(type, 1, columns);
        for (var row = 0; row < rows; row++)
        {
            var from = source.Slice(row * sourceRow, sourceRow);
            var to = quants.Slice(row * quantRow, quantRow);
            if (IsQuantized(type))
            {
                PackBlocks(type, from, to, scales.Slice(row * scaleRow, scaleRow));
            }
            else
            {
                from.CopyTo(to);
                to[sourceRow..].Clear();
            }
        }
    }

    private static void PackBlocks(WeightType type, ReadOnlySpan<byte> source, Span<byte> quants, Span<byte> scales)
    {
        var quantSize = type == WeightType.Q8_0 ? 32 : 16;
        var blocks = source.Length / (ScaleSize + quantSize);
        for (var block = 0; block < blocks; block++)
        {
            var from = source.Slice(block * (ScaleSize + quantSize), ScaleSize + quantSize);
            from[..ScaleSize].CopyTo(scales.Slice(block * ScaleSize, ScaleSize));
            from[ScaleSize..].CopyTo(quants.Slice(block * quantSize, quantSize));
        }

        quants[(blocks * quantSize)..].Fill(ZeroQuant(type));
        scales[(blocks * ScaleSize)..].Clear();
    }

    /// <summary>The byte of quants that stands for weights of value zero.</summary>
    private static byte ZeroQuant(WeightType type) => type == WeightType.Q4_0 ? (byte)0x88 : (byte)0;

    private static void RequireLength(string name, long expected, long got)
    {
        if (expected != got)
        {
            throw new ArgumentException($"{name}: expected {expected} bytes, got {got}", name);
        }
    }
}

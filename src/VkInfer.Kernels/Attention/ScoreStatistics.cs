using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The attention scores of one layer as <see cref="ScoreStatisticsKernel"/> counted them. Immutable.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ScoreStatistics
{
    /// <summary>Bins of each histogram, from <see cref="FirstBin"/> on; the outer ones take what lies beyond.</summary>
    public const int Bins = 512;

    /// <summary>Lower edge of the first bin.</summary>
    public const float FirstBin = -128;

    /// <summary>Width of a bin.</summary>
    public const float BinWidth = 0.5f;

    /// <summary>Bytes of the counters on the device.</summary>
    public const int SizeInBytes = (4 + (3 * Bins)) * sizeof(uint);

    private readonly uint[] _words;

    /// <summary>Takes the counters as they are on the device.</summary>
    internal ScoreStatistics(uint[] words) => _words = words;

    /// <summary>The lowest finite score; NaN if there is none.</summary>
    public float Minimum => Rows == 0 ? float.NaN : Unordered(~_words[1]);

    /// <summary>The highest finite score; NaN if there is none.</summary>
    public float Maximum => Rows == 0 ? float.NaN : Unordered(_words[0]);

    /// <summary>Scores that are no finite number.</summary>
    public uint NotFinite => _words[2];

    /// <summary>Rows: one for each query of each head.</summary>
    public uint Rows => _words[3];

    /// <summary>How many scores lie in each bin.</summary>
    public ReadOnlySpan<uint> Scores => _words.AsSpan(4, Bins);

    /// <summary>How many rows have their lowest score in each bin.</summary>
    public ReadOnlySpan<uint> RowMinima => _words.AsSpan(4 + Bins, Bins);

    /// <summary>How many rows have their highest score in each bin.</summary>
    public ReadOnlySpan<uint> RowMaxima => _words.AsSpan(4 + (2 * Bins), Bins);

    /// <summary>Reads the counters; waits for the device.</summary>
    public static ScoreStatistics Read(GpuDevice device, BufferView counters)
    {
        ArgumentNullException.ThrowIfNull(device);
        Views.RequireBytes(nameof(counters), counters, SizeInBytes);
        uint[] words = new uint[SizeInBytes / sizeof(uint)];
        device.Download(counters.Buffer, counters.Offset, MemoryMarshal.AsBytes(words.AsSpan()));
        return new ScoreStatistics(words);
    }

    /// <summary>The score below which a share of all lies: the upper edge of its bin.</summary>
    public float Quantile(double share)
    {
        double total = 0;
        foreach (uint count in Scores)
        {
            total += count;
        }

        double below = 0;
        for (int i = 0; i < Bins; i++)
        {
            below += Scores[i];
            if (below >= share * total)
            {
                return FirstBin + ((i + 1) * BinWidth);
            }
        }

        return FirstBin + (Bins * BinWidth);
    }

    /// <summary>Rows whose lowest score may be at most <paramref name="bound"/>, to a bin.</summary>
    public long RowsReachingDownTo(float bound)
    {
        long rows = 0;
        for (int i = 0; i < Bins && (i == 0 ? Minimum : FirstBin + (i * BinWidth)) <= bound; i++)
        {
            rows += RowMinima[i];
        }

        return rows;
    }

    /// <summary>Rows whose highest score may be below <paramref name="bound"/>, to a bin.</summary>
    public long RowsStayingBelow(float bound)
    {
        long rows = 0;
        for (int i = 0; i < Bins && (i == 0 ? Minimum : FirstBin + (i * BinWidth)) < bound; i++)
        {
            rows += RowMaxima[i];
        }

        return rows;
    }

    // The inverse of the shader's ordered().
    private static float Unordered(uint bits) =>
        BitConverter.UInt32BitsToSingle((bits & 0x80000000) != 0 ? bits & 0x7FFFFFFF : ~bits);
}

using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The rows of a step for one recording: who takes part, and how each row attends. Filled by the host before each submission: two steps
/// under way need two of these. Owns its buffers; not thread-safe.
/// </summary>
internal sealed class StepRows : IDisposable
{
    // Alignment of every buffer view that Vulkan may ask for, in entries of a list.
    private const int Alignment = 16;

    private readonly BufferSet _buffers;
    private readonly GpuBuffer _plan;
    private readonly GpuBuffer _resolved;
    private readonly RowEntry[] _entries;
    private readonly List _all;
    private readonly List _alone;
    private readonly List _runs;
    private readonly List _logits;
    private readonly (int Rows, List Tiles)[] _tiles;

    /// <param name="device">Where.</param>
    /// <param name="shape">What the recording serves.</param>
    /// <param name="tileRows">Rows of a tile, for each size that a layer takes: <see cref="RowsPass.TileRows"/>.</param>
    public StepRows(GpuDevice device, StepShape shape, IEnumerable<int> tileRows)
    {
        Shape = shape;
        int at = 0;
        _all = Place(ref at, shape.Rows);
        _alone = Place(ref at, shape.Alone);
        _runs = Place(ref at, shape.RunRows);
        _logits = Place(ref at, shape.Logits);
        _tiles = [.. tileRows.Distinct().Select(rows => (rows, Place(ref at, shape.Tiles(rows))))];
        _entries = new RowEntry[at];
        _buffers = new BufferSet(device, "step");
        try
        {
            _plan = _buffers.Create("plan", at * RowList.SizeInBytes(0), BufferKind.HostWritable);
            _resolved = _buffers.Create("rows", _plan.SizeInBytes);
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    /// <summary>What the recording serves.</summary>
    public StepShape Shape { get; }

    /// <summary>As the host wrote it.</summary>
    public BufferView Plan => _plan;

    /// <summary>As kernels read it.</summary>
    public BufferView Resolved => _resolved;

    /// <summary>All rows, in the order of the activations.</summary>
    public RowList All => View(_all);

    /// <summary>Rows that attend alone.</summary>
    public RowList Alone => View(_alone);

    /// <summary>Rows of runs.</summary>
    public RowList Runs => View(_runs);

    /// <summary>Rows whose logits are wanted, in the order of the logits.</summary>
    public RowList Logits => View(_logits);

    /// <summary>The tiles of the runs.</summary>
    public RowList Tiles(int tileRows) => View(Array.Find(_tiles, tiles => tiles.Rows == tileRows).Tiles);

    /// <summary>Begins a step; no submission that reads the one before may be under way.</summary>
    public void Clear() => Array.Clear(_entries);

    /// <summary>Adds consecutive rows of one sequence.</summary>
    /// <param name="sequence">Its place in the table of sequences.</param>
    /// <param name="position">Position of the first.</param>
    /// <param name="tokens">Their tokens, <see cref="RowEntry.OfStepState"/> or <see cref="RowEntry.TokenOfStepState"/> among them.</param>
    /// <param name="asRun">Whether they attend in tiles; else alone.</param>
    /// <param name="logits">How many of the last of them want logits.</param>
    /// <returns>Index of the first logits that are wanted.</returns>
    /// <exception cref="ArgumentException">The recording does not serve as many.</exception>
    public int Add(int sequence, int position, ReadOnlySpan<uint> tokens, bool asRun, int logits)
    {
        (int rows, int first) = (Count(_all), Count(_logits));
        Require(_all, tokens.Length);
        Require(asRun ? _runs : _alone, tokens.Length);
        Require(_logits, logits);
        for (int i = 0; i < tokens.Length; i++)
        {
            var row = new RowEntry((uint)(rows + i), (uint)(position + i), (uint)sequence, tokens[i]);
            Append(_all, row);
            Append(asRun ? _runs : _alone, row);
            if (i >= tokens.Length - logits)
            {
                Append(_logits, row);
            }
        }

        for (int i = 0; asRun && i < _tiles.Length; i++)
        {
            foreach (RowEntry tile in RowList.Tiles(
                new RowEntry((uint)rows, (uint)position, (uint)sequence, (uint)tokens.Length), _tiles[i].Rows))
            {
                Require(_tiles[i].Tiles, 1);
                Append(_tiles[i].Tiles, tile);
            }
        }

        return first;
    }

    /// <summary>Makes the step ready to be submitted.</summary>
    public void Write()
    {
        // Those that see the most keys start first.
        foreach ((int _, List tiles) in _tiles)
        {
            _entries.AsSpan(tiles.First + 1, Count(tiles)).Sort(static (a, b) => b.Position.CompareTo(a.Position));
        }

        _plan.Write<RowEntry>(0, _entries);
    }

    public void Dispose() => _buffers.Dispose();

    private static List Place(ref int at, int count)
    {
        var list = new List(at, count);
        at = (at + count + Alignment) / Alignment * Alignment;
        return list;
    }

    private RowList View(List list) =>
        new(_resolved.View(list.First * RowList.SizeInBytes(0), RowList.SizeInBytes(list.Most)), list.Most);

    // The head's first word counts.
    private int Count(List list) => (int)_entries[list.First].Row;

    private void Append(List list, RowEntry row)
    {
        int count = Count(list);
        _entries[list.First + 1 + count] = row;
        _entries[list.First] = new RowEntry((uint)count + 1, 0, 0, 0);
    }

    private void Require(List list, int more)
    {
        if (Count(list) + more > list.Most)
        {
            throw new ArgumentException(
                $"{Count(list) + more} rows of a kind; the recording serves at most {list.Most}: {Shape}", nameof(more));
        }
    }

    /// <summary>Where a list stands: its head, and how many rows it has room for.</summary>
    private readonly record struct List(int First, int Most);
}

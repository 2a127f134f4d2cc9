using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The rows of a step: who takes part, and how each row attends. Filled by the host before each submission: two steps under way need two of
/// these. Steps of one shape lie at the same places, so that a recording of one serves all of them. Owns its buffers; not thread-safe.
/// </summary>
internal sealed class PassRows : IDisposable
{
    // Alignment of every buffer view that Vulkan may ask for, in entries of a list.
    private const int Alignment = 16;

    private readonly BufferSet _buffers;
    private readonly GpuBuffer _plan;
    private readonly GpuBuffer _resolved;
    private readonly RowEntry[] _entries;
    private readonly List<(int Rows, List Tiles)> _tiles = [];
    private List _all;
    private List _alone;
    private List _runs;
    private List _logits;
    private List _sequences;
    private int _used;

    /// <param name="device">Where.</param>
    /// <param name="most">The largest steps: most of each kind of row.</param>
    /// <param name="tileRows">Every size of tiles that a step may take: <see cref="RowsPass.TileRows"/>.</param>
    public PassRows(GpuDevice device, StepShape most, IEnumerable<int> tileRows)
    {
        Begin(most, tileRows);
        _entries = new RowEntry[_used];
        _buffers = new BufferSet(device, "step");
        try
        {
            _plan = _buffers.Create("plan", _used * RowList.SizeInBytes(0), BufferKind.HostWritable);
            _resolved = _buffers.Create("rows", _plan.SizeInBytes);
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    /// <summary>Whether rows of a run see those behind them, all of which are in the step then.</summary>
    public bool SeesLater { get; init; }

    /// <summary>What the step holds at most, and a recording of it serves.</summary>
    public StepShape Shape { get; private set; }

    /// <summary>As the host wrote it.</summary>
    public BufferView Plan => _plan.View(0, _used * RowList.SizeInBytes(0));

    /// <summary>As kernels read it.</summary>
    public BufferView Resolved => _resolved.View(0, _used * RowList.SizeInBytes(0));

    /// <summary>All rows, in the order of the activations.</summary>
    public RowList All => View(_all);

    /// <summary>Rows that attend alone.</summary>
    public RowList Alone => View(_alone);

    /// <summary>Rows of runs.</summary>
    public RowList Runs => View(_runs);

    /// <summary>Rows whose logits are wanted, in the order of the logits.</summary>
    public RowList Logits => View(_logits);

    /// <summary>The rows of each sequence as one entry, whose value is their number: for what goes through them in their order.</summary>
    public RowList Sequences => View(_sequences);

    /// <summary>The tiles of the runs.</summary>
    public RowList Tiles(int tileRows) => View(_tiles.Find(tiles => tiles.Rows == tileRows).Tiles);

    /// <summary>Position of the first row of runs, by which a profile judges them.</summary>
    public int FirstPosition => _runs.Most > 0 ? (int)_entries[_runs.First + 1].Position : 0;

    /// <summary>Begins a step; no submission that reads the one before may be under way.</summary>
    /// <param name="shape">What it holds at most; each number at most that of the largest steps.</param>
    /// <param name="tileRows">Rows of a tile, for each size that a layer takes.</param>
    /// <exception cref="ArgumentException">There is no room for such a step.</exception>
    public void Begin(StepShape shape, IEnumerable<int> tileRows)
    {
        Shape = shape;
        int at = 0;
        _all = Place(ref at, shape.Rows);
        _alone = Place(ref at, shape.Alone);
        _runs = Place(ref at, shape.RunRows);
        _logits = Place(ref at, shape.Logits);
        _sequences = Place(ref at, shape.Alone + shape.Runs);
        _tiles.Clear();
        foreach (int rows in tileRows)
        {
            if (!_tiles.Exists(tiles => tiles.Rows == rows))
            {
                _tiles.Add((rows, Place(ref at, shape.Tiles(rows))));
            }
        }

        _used = at;
        if (_entries is not null)
        {
            if (at > _entries.Length)
            {
                throw new ArgumentException($"{at} entries for {shape}; there is room for {_entries.Length}.", nameof(shape));
            }

            Array.Clear(_entries, 0, at);
        }
    }

    /// <summary>Rows that were added.</summary>
    public int RowCount => Count(_all);

    /// <summary>Adds consecutive rows of one sequence.</summary>
    /// <param name="sequence">Its place in the table of sequences.</param>
    /// <param name="position">Position of the first.</param>
    /// <param name="tokens">Their tokens, <see cref="RowEntry.OfStepState"/> or <see cref="RowEntry.TokenOfStepState"/> among them.</param>
    /// <param name="asRun">Whether they attend in tiles; else alone.</param>
    /// <param name="logits">How many of the last of them want logits.</param>
    /// <returns>The row of the first logits that are wanted.</returns>
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

        var sequenceRows = new RowEntry((uint)rows, (uint)position, (uint)sequence, (uint)tokens.Length);
        Append(_sequences, sequenceRows);
        for (int i = 0; asRun && i < _tiles.Count; i++)
        {
            foreach (RowEntry tile in RowList.Tiles(sequenceRows, _tiles[i].Rows, SeesLater))
            {
                Require(_tiles[i].Tiles, 1);
                Append(_tiles[i].Tiles, tile);
            }
        }

        return Shape.Logits == Shape.Rows ? rows + tokens.Length - logits : first;
    }

    /// <summary>Makes the step ready to be submitted.</summary>
    public void Write()
    {
        // Those that see the most keys start first.
        foreach ((int _, List tiles) in _tiles)
        {
            _entries.AsSpan(tiles.First + 1, Count(tiles)).Sort(static (a, b) => b.Position.CompareTo(a.Position));
        }

        _plan.Write<RowEntry>(0, _entries.AsSpan(0, _used));
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

using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// The rows of a prompt's chunk, consecutive tokens of one sequence, and the tiles that their attention takes them in. Owns its buffer; not
/// thread-safe.
/// </summary>
internal sealed class PromptRows : IDisposable
{
    // Alignment of every buffer view that Vulkan may ask for, in entries of a list.
    private const int Alignment = 16;

    // The softmax of layers may differ, and the size of tiles with it.
    private const int MostTilings = 4;

    private readonly GpuBuffer _buffer;
    private readonly RowEntry[] _entries;
    private readonly Dictionary<int, RowList> _tiles = [];

    /// <param name="device">Where.</param>
    /// <param name="maxRows">Most rows of a chunk.</param>
    public PromptRows(GpuDevice device, int maxRows)
    {
        _entries = new RowEntry[(MostTilings + 1) * (maxRows + 1 + Alignment)];
        _buffer = device.CreateBuffer(_entries.Length * RowList.SizeInBytes(0), BufferKind.HostWritable, "prompt.rows");
    }

    /// <summary>Rows of the chunk.</summary>
    public int Count => All.Most;

    /// <summary>Position of the first.</summary>
    public int Position { get; private set; }

    /// <summary>All rows, in their order.</summary>
    public RowList All { get; private set; }

    /// <summary>The sequence's cache.</summary>
    public KvCache Cache { get; private set; } = null!;

    /// <summary>Sets the rows; no submission that reads the ones before may be under way.</summary>
    /// <param name="tokens">Their tokens.</param>
    /// <param name="position">Position of the first.</param>
    /// <param name="cache">The sequence's.</param>
    /// <param name="tileRows">Rows of a tile, for each layer.</param>
    public void Set(ReadOnlySpan<int> tokens, int position, KvCache cache, IEnumerable<int> tileRows)
    {
        Cache = cache;
        Position = position;
        int at = 0;
        All = Begin(ref at, tokens.Length);
        for (int i = 0; i < tokens.Length; i++)
        {
            _entries[i + 1] = new RowEntry((uint)i, (uint)(position + i), 0, (uint)tokens[i]);
        }

        _tiles.Clear();
        foreach (int rows in tileRows.Distinct())
        {
            int first = at;
            int count = (tokens.Length + rows - 1) / rows;
            _tiles.Add(rows, Begin(ref at, count));

            // Those that see the most keys start first.
            foreach (RowEntry tile in RowList.Tiles(new RowEntry(0, (uint)position, 0, (uint)tokens.Length), rows))
            {
                _entries[first + count--] = tile;
            }
        }

        _buffer.Write<RowEntry>(0, _entries.AsSpan(0, at));
    }

    /// <summary>The tiles of so many rows.</summary>
    public RowList Tiles(int tileRows) => _tiles[tileRows];

    public void Dispose() => _buffer.Dispose();

    private RowList Begin(ref int at, int count)
    {
        _entries[at] = new RowEntry((uint)count, 0, 0, 0);
        var list = new RowList(_buffer.View(at * RowList.SizeInBytes(0), RowList.SizeInBytes(count)), count);
        at = (at + count + Alignment) / Alignment * Alignment;
        return list;
    }
}

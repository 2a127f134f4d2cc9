using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Where the workgroups that share a tile of a matrix product leave their sums. One product after another may use it. Refers to a
/// buffer that it does not own. Immutable.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record GemmScratch
{
    // Tiles have their counters first, so that they stay where they are whatever the tiles' size.
    private const int MaxTiles = 1024;
    private const long ArrivalBytes = MaxTiles * sizeof(uint);
    private const int MaxTileElements = 128 * 128;

    // Workgroups of the largest tile on each core: two run at once, and a third follows.
    private const int TilesPerCore = 3;

    private readonly BufferView _view;

    /// <summary>Describes the scratch in a buffer.</summary>
    /// <param name="view">At least <see cref="SizeInBytes"/> bytes, all zero before the first product.</param>
    /// <exception cref="ArgumentException">The view has no room for a tile.</exception>
    public GemmScratch(BufferView view)
    {
        Views.RequireBytes(nameof(view), view, ArrivalBytes + (MaxTileElements * sizeof(float)));
        _view = view;
    }

    internal BufferView Arrivals => new(_view.Buffer, _view.Offset, ArrivalBytes);

    internal BufferView Partials => new(_view.Buffer, _view.Offset + ArrivalBytes, _view.Length - ArrivalBytes);

    /// <summary>Bytes that let products with few rows fill the device.</summary>
    /// <param name="capabilities">The device.</param>
    public static long SizeInBytes(DeviceCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        return ArrivalBytes + ((long)GemmHeuristic.ShaderCores(capabilities) * TilesPerCore * MaxTileElements * sizeof(float));
    }

    /// <summary>Whether the tiles of a product have room.</summary>
    internal bool Holds(IGemmTiling tiling, long tiles) =>
        tiles <= MaxTiles && tiles * tiling.Splits * tiling.BlockM * tiling.BlockN * sizeof(float) <= Partials.Length;
}

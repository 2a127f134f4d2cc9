using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How a matrix-vector product is spread over the device; see <c>linear/gemv.glsl</c>.</summary>
/// <param name="WorkgroupSize">Invocations of a workgroup.</param>
/// <param name="Rows">Rows that a unit takes at once.</param>
/// <param name="Unroll">16-byte loads in flight per row and lane.</param>
/// <param name="Tile">
/// Columns of a fixed-point x that a workgroup stages at a time, a multiple of 64; of another any that is not 0. 0: a unit is one
/// invocation, not a subgroup.
/// </param>
/// <param name="Passes">How often a unit takes so many rows.</param>
/// <param name="IntegerDot">x is in fixed point, and multiplied by integer dot products.</param>
internal readonly record struct GemvTuning(int WorkgroupSize, int Rows, int Unroll, int Tile, int Passes = 1, bool IntegerDot = false)
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "ROWS", "UNROLL", "TILE", "PASSES"];

    /// <summary>The end of the variant's name.</summary>
    public string Feature => IntegerDot ? "_dot" : "";

    /// <summary>Bytes of shared memory that a tile takes: two bytes a column, a scale and a sum for each block.</summary>
    public static int TileBytes(int tile) => (2 * tile) + (8 * tile / FixedPointVector.Block) + 40;

    /// <summary>Rows of a workgroup, whatever size the driver gives its subgroups.</summary>
    public int MaxSlots(DeviceCapabilities capabilities) =>
        Math.Max(1, WorkgroupSize / (Tile == 0 ? 1 : capabilities.MinSubgroupSize)) * Rows * Passes;

    /// <summary>Rows of a workgroup.</summary>
    public int Slots(DeviceCapabilities capabilities) =>
        (Tile == 0 ? WorkgroupSize : Math.Max(1, WorkgroupSize / capabilities.SubgroupSize)) * Rows * Passes;

    /// <summary>
    /// The same with as many passes that a workgroup completes whole blocks of the next product's input, which take so many rows an
    /// element.
    /// </summary>
    public GemvTuning OfWholeBlocks(DeviceCapabilities capabilities, int elements, int rowsPerElement)
    {
        if (Tile == 0)
        {
            return this;
        }

        int slots = (this with { Passes = 1 }).Slots(capabilities);
        int block = rowsPerElement * elements;
        int passes = Passes;
        while (slots * passes % block != 0)
        {
            passes++;
        }

        return this with { Passes = passes };
    }

    /// <summary>Workgroups that cover the slots; the shader loops where these turn out too few.</summary>
    public uint Groups(int slots, DeviceCapabilities capabilities)
    {
        long slotsPerGroup = Slots(capabilities);
        return (uint)Math.Min((slots + slotsPerGroup - 1) / slotsPerGroup, capabilities.MaxWorkgroupCount.X);
    }
}

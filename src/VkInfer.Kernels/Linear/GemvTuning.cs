using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How a matrix-vector product is spread over the device; see <c>linear/gemv.glsl</c>.</summary>
/// <param name="WorkgroupSize">Invocations of a workgroup.</param>
/// <param name="Rows">Rows of a unit; even, so that pairs of rows stay together.</param>
/// <param name="Unroll">16-byte loads in flight per row and lane.</param>
/// <param name="Tile">Columns of x that a workgroup stages at a time, a multiple of 64; 0: a unit is one invocation, not a subgroup.</param>
/// <param name="IntegerDot">x is staged in fixed point and multiplied by integer dot products.</param>
internal readonly record struct GemvTuning(int WorkgroupSize, int Rows, int Unroll, int Tile, bool IntegerDot = false)
{
    // Fixed: the moments of each subgroup. Per column: a float; or two bytes, and a scale and a sum for each block.
    private const int MomentBytes = 1024;
    private const int StagedBlock = 32;

    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "ROWS", "UNROLL", "TILE"];

    /// <summary>The end of the variant's name.</summary>
    public string Feature => IntegerDot ? "_dot" : "";

    /// <summary>Bytes of shared memory.</summary>
    public int SharedMemoryBytes => IntegerDot
        ? MomentBytes + (2 * Tile) + (8 * Tile / StagedBlock) + 40
        : MomentBytes + (4 * Tile) + 16;

    /// <summary>Workgroups that cover the slots; the shader loops where these turn out too few.</summary>
    public uint Groups(int slots, DeviceCapabilities capabilities)
    {
        var units = Tile == 0 ? WorkgroupSize : Math.Max(1, WorkgroupSize / capabilities.SubgroupSize);
        var slotsPerGroup = (long)units * Rows;
        return (uint)Math.Min((slots + slotsPerGroup - 1) / slotsPerGroup, capabilities.MaxWorkgroupCount.X);
    }

    /// <summary>These constants, followed by others.</summary>
    public SpecializationConstants With(params ReadOnlySpan<uint> others)
    {
        var constants = new (uint Id, uint Value)[4 + others.Length];
        constants[0] = (0, (uint)WorkgroupSize);
        constants[1] = (1, (uint)Rows);
        constants[2] = (2, (uint)Unroll);
        constants[3] = (3, (uint)Tile);
        for (var i = 0; i < others.Length; i++)
        {
            constants[4 + i] = ((uint)(4 + i), others[i]);
        }

        return SpecializationConstants.From(constants);
    }
}

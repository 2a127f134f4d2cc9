using System.Numerics;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How decode attention is spread over a device; see <c>attention/attention_decode.comp</c>.</summary>
/// <param name="WorkgroupSize">Invocations of a workgroup.</param>
/// <param name="Heads">Query heads of a workgroup.</param>
/// <param name="HeadBlocks">Workgroups that the query heads of one key and value head take.</param>
/// <param name="Lanes">Lanes that share a key.</param>
/// <param name="Keys">Keys in flight per group of lanes.</param>
/// <param name="Splits">Parts that the cached tokens are divided into, at most.</param>
/// <param name="MinKeys">Tokens of a part, at least.</param>
internal readonly record struct DecodeAttentionTuning(
    int WorkgroupSize, int Heads, int HeadBlocks, int Lanes, int Keys, int Splits, int MinKeys = DecodeAttentionTuning.FewestKeys)
{
    private const int FewestKeys = 32;

    // Where other rows fill the device, a short cache is not worth the parts' merge.
    private const int FewestKeysOfMany = 256;

    /// <summary>The most parts that the cached tokens are divided into.</summary>
    public const int MaxSplits = 128;

    /// <summary>Cores of a device that does not say how many it has.</summary>
    public const int UnknownCoreCount = 32;

    private const int GpuWorkgroupSize = 128;

    // One that takes a whole cache has it to itself.
    private const int GpuWorkgroupSizeUndivided = 256;
    private const int GpuWorkgroupsPerCore = 4;

    // Enough workgroups for the threads of a processor that has a few cores.
    private const int ProcessorWorkgroups = 4;

    // A processor has no use for lanes that share a key, but compiles for minutes where one holds too much of it.
    private const int MostChunksPerProcessorLane = 16;

    // A lane keeps each of its heads' query and output elements in registers; an H200 is slower with twice as many.
    private const int MaxRegisterElements = 64;

    // The shader keeps a bit for each head.
    private const int MaxHeads = 32;

    /// <summary>
    /// For how many rows a spread is chosen that must not depend on them: partial results of a prompt's rows take memory, and a row by
    /// itself leaves part of a device idle.
    /// </summary>
    public const int InvariantRows = 8;

    /// <summary>Chunks of a key: what one load takes.</summary>
    public static int ChunksOf(AttentionShape shape) => shape.HeadDim / KvLayout.ChunkElements(shape.KvType);

    /// <summary>The spread for a shape on a device, which so many rows share.</summary>
    public static DecodeAttentionTuning Choose(AttentionShape shape, KernelContext context, int rows = 1)
    {
        DeviceCapabilities capabilities = context.Capabilities;
        int chunks = ChunksOf(shape);
        int lanes = context.IsSoftware
            ? NeededLanes(chunks, MostChunksPerProcessorLane, capabilities.MinSubgroupSize)
            : ChooseLanes(chunks, capabilities.MinSubgroupSize);
        int laneChunks = (chunks + lanes - 1) / lanes;
        int laneElements = laneChunks * KvLayout.ChunkElements(shape.KvType);
        int mostHeads = Math.Clamp(MaxRegisterElements / (2 * laneElements), 1, Math.Min(shape.GroupSize, MaxHeads));
        int headBlocks = (shape.GroupSize + mostHeads - 1) / mostHeads;
        int heads = (shape.GroupSize + headBlocks - 1) / headBlocks;
        int keys = context.IsSoftware || laneChunks > 2 ? 1 : Math.Clamp(lanes / PaddedHeads(heads), 1, 4 / laneChunks);
        int minKeys = FewestKeysOf(rows);
        bool isCrowded = 4 * heads * laneElements > MaxRegisterElements;
        int splits = ChooseSplits(shape, rows * shape.NumKvHeads * headBlocks, minKeys, heads, isCrowded, context);
        return new DecodeAttentionTuning(
            ChooseWorkgroupSize(shape, splits, context), heads, headBlocks, lanes, keys, splits, minKeys);
    }

    /// <summary>Tokens of a part, at least, where so many rows share a device.</summary>
    public static int FewestKeysOf(int rows) => Math.Clamp(rows * FewestKeys, FewestKeys, FewestKeysOfMany);

    /// <summary>The shader's constants.</summary>
    public DecodeAttentionConstants ToConstants(AttentionShape shape, SoftmaxScheme scheme, DeviceCapabilities capabilities) => new(
        WorkgroupSize, Heads, ChunksOf(shape), Lanes, Keys, MaxSubgroups(capabilities), scheme, SoftCap: shape.LogitSoftCap > 0);

    /// <summary>The most subgroups of a workgroup, whatever size the driver gives them.</summary>
    private int MaxSubgroups(DeviceCapabilities capabilities) => Math.Max(1, WorkgroupSize / capabilities.MinSubgroupSize);

    private static int PaddedHeads(int heads) => (int)BitOperations.RoundUpToPowerOf2((uint)heads);

    // The widest power of two that divides a key evenly, unless that leaves a lane too much of it.
    private static int ChooseLanes(int chunks, int minSubgroupSize)
    {
        const int MostChunksPerLane = 4;
        int even = Math.Min(1 << BitOperations.TrailingZeroCount(chunks), minSubgroupSize);
        return Math.Max(even, NeededLanes(chunks, MostChunksPerLane, minSubgroupSize));
    }

    private static int NeededLanes(int chunks, int mostPerLane, int minSubgroupSize) =>
        Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)((chunks + mostPerLane - 1) / mostPerLane)), minSubgroupSize);

    // Each subgroup merges its result through shared memory: one head of float32, the softmax and the rows outside.
    private static int SubgroupBytes(AttentionShape shape) => (shape.HeadDim * sizeof(float)) + (3 * sizeof(float));

    private static int ChooseWorkgroupSize(AttentionShape shape, int splits, KernelContext context)
    {
        DeviceCapabilities capabilities = context.Capabilities;
        if (context.IsSoftware)
        {
            return capabilities.SubgroupSize;
        }

        int subgroups = capabilities.MaxSharedMemoryBytes / SubgroupBytes(shape);
        int usual = Math.Min(splits == 1 ? GpuWorkgroupSizeUndivided : GpuWorkgroupSize, capabilities.MaxWorkgroupInvocations);
        int size = Math.Min(usual, subgroups * capabilities.MinSubgroupSize);
        return Math.Max(size / capabilities.SubgroupSize, 1) * capabilities.SubgroupSize;
    }

    // Behind few tokens, each head of a workgroup has splits of its own. Where workgroups take many registers, a core of an H200 holds no
    // more of them than are counted here: those beyond would begin when the others have ended.
    private static int ChooseSplits(
        AttentionShape shape, int workgroupsPerSplit, int minKeys, int heads, bool isCrowded, KernelContext context)
    {
        int workgroups = context.IsSoftware
            ? ProcessorWorkgroups
            : GpuWorkgroupsPerCore * (context.Capabilities.ShaderCoreCount ?? UnknownCoreCount);
        int wanted = isCrowded && !context.IsSoftware
            ? workgroups / workgroupsPerSplit
            : (workgroups + workgroupsPerSplit - 1) / workgroupsPerSplit;
        int useful = (shape.Capacity + minKeys - 1) / minKeys * heads;
        return Math.Clamp(wanted, 1, Math.Min(useful, MaxSplits));
    }
}

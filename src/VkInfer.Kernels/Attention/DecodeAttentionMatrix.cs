using System.Numerics;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// How attention of rows over a cache of bytes is spread over a device's matrix units; see
/// <c>attention/attention_decode_coopmat.comp</c>.
/// </summary>
/// <param name="Spread">Workgroups, heads and splits; its keys are those that a subgroup takes at a time.</param>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Fragment">The product of a subgroup: keys are rows, heads are columns.</param>
internal sealed record DecodeAttentionMatrix(DecodeAttentionTuning Spread, int HeadDim, MatrixShape Fragment)
{
    /// <summary>The most columns of a fragment: for a few heads more would be waste, and leave no registers.</summary>
    public const int MaxColumns = 8;

    // With few heads the lanes keep up with the memory, as far as is known: measured with four on an H200.
    private const int FewestHeads = 4;

    // Beyond them a subgroup's sums would not fit into its registers.
    private const int MaxHeadDim = 128;
    private const int ElementsOfLoad = 16;

    // So many subgroups are resident on a core of an H200. Workgroups that fill the device once have the same to do, and finish together:
    // one on each core, or two where there are many rows.
    private const int SubgroupsPerCore = 8;

    private int Subgroups => Spread.WorkgroupSize / Fragment.SubgroupSize;

    private int SharedMemoryBytes
    {
        get
        {
            int tile = Math.Max(Spread.Keys * ((HeadDim / 8) + 1), Fragment.N * ((HeadDim / 4) + 1)) * 16;
            int scores = Spread.Keys * ((Fragment.N / 4) + 1) * 16;
            return (Subgroups * (tile + scores + (Spread.Keys * Fragment.N * 2) + (Fragment.N * 12))) + 8;
        }
    }

    // Loads are whole, and the lanes that share a key share out all heads.
    private bool IsWhole
    {
        get
        {
            (int lanes, int loads, int keys) = (Fragment.SubgroupSize, HeadDim / ElementsOfLoad, Spread.Keys);
            return BitOperations.IsPow2(loads) && HeadDim % ElementsOfLoad == 0 && HeadDim % Math.Max(Fragment.M, Fragment.K) == 0
                && lanes % keys == 0 && KvLayout.PageTokens % keys == 0 && lanes % loads == 0 && keys * loads % lanes == 0
                && (Spread.Heads + (2 * lanes / keys) - 1) / (2 * lanes / keys) * (2 * lanes / keys) <= Fragment.N;
        }
    }

    /// <summary>The spread for a shape on a device, which so many rows share; null where there is no such form.</summary>
    /// <remarks>Not for answers that must not depend on how many rows a step has: a row by itself has no such form.</remarks>
    public static DecodeAttentionMatrix? Choose(AttentionShape shape, KernelContext context, int rows)
    {
        DeviceCapabilities capabilities = context.Capabilities;
        if (shape.KvType != KvType.Q8_0 || shape.HasKeysAsValues || shape.GroupSize < FewestHeads || shape.HeadDim > MaxHeadDim
            || context.IsBatchInvariant || MatrixUnits.FindNarrow(capabilities) is not { } fragment || fragment.N > MaxColumns)
        {
            return null;
        }

        int headBlocks = (shape.GroupSize + fragment.N - 1) / fragment.N;
        int heads = (shape.GroupSize + headBlocks - 1) / headBlocks;
        int unit = Math.Max(fragment.M, fragment.K);
        int cores = capabilities.ShaderCoreCount ?? DecodeAttentionTuning.UnknownCoreCount;
        int workgroups = rows * shape.NumKvHeads * headBlocks;

        // Subgroups wait for none of the others, which those of a processor would.
        int most = context.Device.Info.Type == DeviceType.Software ? 1 : workgroups > cores ? SubgroupsPerCore / 2 : SubgroupsPerCore;
        for (int subgroups = most; subgroups > 0; subgroups /= 2)
        {
            int minKeys = Math.Max(DecodeAttentionTuning.FewestKeysOf(rows), subgroups * unit);
            int useful = (shape.Capacity + minKeys - 1) / minKeys;
            int splits = SubgroupsPerCore / subgroups * cores / workgroups;
            var form = new DecodeAttentionMatrix(
                new DecodeAttentionTuning(
                    subgroups * fragment.SubgroupSize, heads, headBlocks, 1, unit,
                    Math.Clamp(splits, 1, Math.Min(useful, DecodeAttentionTuning.MaxSplits)), minKeys),
                shape.HeadDim, fragment);
            if (form.IsWhole && form.SharedMemoryBytes <= capabilities.MaxSharedMemoryBytes
                && form.Spread.WorkgroupSize <= capabilities.MaxWorkgroupInvocations)
            {
                return form;
            }
        }

        return null;
    }

    /// <summary>The shader's constants.</summary>
    public DecodeAttentionMatrixConstants ToConstants(AttentionShape shape, SoftmaxScheme scheme, bool sinks) => new(
        Spread.WorkgroupSize, Spread.Heads, HeadDim, Spread.Keys, Subgroups, Fragment.SubgroupSize, Fragment.M, Fragment.N, Fragment.K,
        scheme, SoftCap: shape.LogitSoftCap > 0, sinks);
}

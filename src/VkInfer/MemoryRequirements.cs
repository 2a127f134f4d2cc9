using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Transformer;

namespace VkInfer;

/// <summary>Device memory a model needs, in bytes.</summary>
/// <param name="WeightBytes">All weights, as they stand on the device; without tables that lie in system memory.</param>
/// <param name="KvCacheBytes">
/// The KV cache of one session that fills its context; a shorter one takes less. Of recurrent models the session's state, too, with the
/// snapshots that every engine may keep.
/// </param>
/// <param name="ScratchBytes">
/// Activations of a step of as many rows as <see cref="ModelOptions.PrefillChunk"/> allows, or the context of an encoder asks for.
/// </param>
public sealed record MemoryRequirements(long WeightBytes, long KvCacheBytes, long ScratchBytes)
{
    /// <summary>Everything for one session.</summary>
    public long Total => WeightBytes + KvCacheBytes + ScratchBytes;

    internal static MemoryRequirements Of(ModelConfig config, long weightBytes, ModelOptions options, ActivationType gemmInput)
    {
        int context = options.ResolveContextLength(config);
        options.CheckPages(config, context);
        return new MemoryRequirements(
            weightBytes + RopeTable.SizeInBytes(config, context),
            KvStore.SizeOf(config, options.KvType, context) + (LeastStates * StateLayout.Of(config).SizeInBytes),
            RowActivations.SizeInBytes(config, options.StepRows(config), gemmInput));
    }

    /// <summary>States that an engine of a recurrent model has at least: of a sequence, and snapshots.</summary>
    internal const int LeastStates = 4;
}

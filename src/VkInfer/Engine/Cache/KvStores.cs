using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Cache;

/// <summary>The pages of a model, in a store for each type of element that is asked for. Owns the stores; thread-safe.</summary>
internal sealed class KvStores(GpuDevice device, ModelConfig config) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<KvType, KvStore> _stores = [];

    /// <summary>The store of a type, made when it is first asked for.</summary>
    public KvStore Of(KvType type)
    {
        lock (_lock)
        {
            if (!_stores.TryGetValue(type, out KvStore? store))
            {
                _stores.Add(type, store = new KvStore(device, config, type));
            }

            return store;
        }
    }

    /// <summary>Frees all of them. What was submitted must have ended.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (KvStore store in _stores.Values)
            {
                store.Dispose();
            }

            _stores.Clear();
        }
    }
}

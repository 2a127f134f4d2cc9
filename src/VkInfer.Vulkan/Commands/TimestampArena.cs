using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Time stamp queries of one command list, in pools that grow. Each pool is reset on the GPU where its first query is recorded.
/// </summary>
internal sealed unsafe class TimestampArena(DeviceContext context) : IDisposable
{
    private const int QueriesPerPool = 64;

    private readonly List<QueryPool> _pools = [];
    private readonly List<string> _labels = [];

    public void Reset() => _labels.Clear();

    public void Record(CommandBuffer commands, string label)
    {
        int index = _labels.Count;
        if (index == _pools.Count * QueriesPerPool)
        {
            _pools.Add(CreatePool());
        }

        QueryPool pool = _pools[index / QueriesPerPool];
        if (index % QueriesPerPool == 0)
        {
            context.Vk.CmdResetQueryPool(commands, pool, 0, QueriesPerPool);
        }

        context.Vk.CmdWriteTimestamp2(commands, PipelineStageFlags2.AllCommandsBit, pool, (uint)(index % QueriesPerPool));
        _labels.Add(label);
    }

    /// <summary>Microseconds since the first time stamp.</summary>
    public (string Label, double Microseconds)[] Read()
    {
        ulong[] ticks = new ulong[_labels.Count];
        for (int first = 0; first < ticks.Length; first += QueriesPerPool)
        {
            int count = Math.Min(QueriesPerPool, ticks.Length - first);
            fixed (ulong* target = &ticks[first])
            {
                Result result = context.Vk.GetQueryPoolResults(
                    context.Handle, _pools[first / QueriesPerPool], 0, (uint)count, (nuint)count * sizeof(ulong), target,
                    sizeof(ulong), QueryResultFlags.Result64Bit);
                context.Check(result, "vkGetQueryPoolResults");
                if (result == Result.NotReady)
                {
                    throw new VulkanException("The time stamps are not there though the submission has completed.");
                }
            }
        }

        int bits = context.Families.TimestampBits;
        ulong mask = bits >= 64 ? ulong.MaxValue : (1ul << bits) - 1;
        double microsecondsPerTick = context.Info.Capabilities.TimestampPeriodNanoseconds / 1000;
        var stamps = new (string, double)[ticks.Length];
        for (int i = 0; i < ticks.Length; i++)
        {
            stamps[i] = (_labels[i], ((ticks[i] - ticks[0]) & mask) * microsecondsPerTick);
        }

        return stamps;
    }

    public void Dispose()
    {
        foreach (QueryPool pool in _pools)
        {
            context.Vk.DestroyQueryPool(context.Handle, pool, null);
        }

        _pools.Clear();
    }

    private QueryPool CreatePool()
    {
        var info = new QueryPoolCreateInfo
        {
            SType = StructureType.QueryPoolCreateInfo,
            QueryType = QueryType.Timestamp,
            QueryCount = QueriesPerPool,
        };
        QueryPool pool;
        context.Check(context.Vk.CreateQueryPool(context.Handle, &info, null, &pool), "vkCreateQueryPool");
        return pool;
    }
}

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

    /// <summary>
    /// Microseconds since the first time stamp; empty where one of them is not there, which the end of a submission does not promise.
    /// </summary>
    public (string Label, double Microseconds)[] Read()
    {
        var results = new (ulong Ticks, ulong IsThere)[_labels.Count];
        for (int first = 0; first < results.Length; first += QueriesPerPool)
        {
            int count = Math.Min(QueriesPerPool, results.Length - first);
            fixed ((ulong, ulong)* target = &results[first])
            {
                context.Check(
                    context.Vk.GetQueryPoolResults(
                        context.Handle, _pools[first / QueriesPerPool], 0, (uint)count, (nuint)(count * sizeof((ulong, ulong))), target,
                        (ulong)sizeof((ulong, ulong)), QueryResultFlags.Result64Bit | QueryResultFlags.ResultWithAvailabilityBit),
                    "vkGetQueryPoolResults");
            }
        }

        return Convert(_labels, results, context.Families.TimestampBits, context.Info.Capabilities.TimestampPeriodNanoseconds);
    }

    /// <summary>Microseconds since the first time stamp; empty where one is not there.</summary>
    /// <param name="labels">Their names.</param>
    /// <param name="results">What a query has, and not 0 where it has it.</param>
    /// <param name="bits">Valid bits of a time stamp.</param>
    /// <param name="period">Nanoseconds of a tick.</param>
    internal static (string Label, double Microseconds)[] Convert(
        IReadOnlyList<string> labels, (ulong Ticks, ulong IsThere)[] results, int bits, double period)
    {
        if (Array.Exists(results, result => result.IsThere == 0))
        {
            return [];
        }

        ulong mask = bits >= 64 ? ulong.MaxValue : (1ul << bits) - 1;
        return [.. results.Select((result, i) => (labels[i], ((result.Ticks - results[0].Ticks) & mask) * period / 1000))];
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

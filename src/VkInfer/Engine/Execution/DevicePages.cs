using VkInfer.Engine.Cache;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// The memory of a pool's pages: taken from the store when a page is first used, and kept. Not thread-safe.
/// </summary>
/// <param name="store">Where it comes from; not owned.</param>
/// <param name="pages">Pages of the pool.</param>
internal sealed class DevicePages(KvStore store, int pages) : IDisposable
{
    private const int None = -1;

    private readonly int[] _pages = Filled(pages);
    private readonly ulong[] _addresses = new ulong[pages];

    /// <summary>Where shaders find a page of the pool.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for it.</exception>
    public ulong Address(int page)
    {
        if (_pages[page] == None)
        {
            _pages[page] = store.Take();
            _addresses[page] = store.Address(_pages[page]);
        }

        return _addresses[page];
    }

    /// <summary>A page's number in the store.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for it.</exception>
    public int InStore(int page)
    {
        Address(page);
        return _pages[page];
    }

    /// <summary>Records copies between pages of the pool.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for one.</exception>
    public void RecordCopies(CommandList commands, IReadOnlyList<PageCopy> copies)
    {
        foreach (PageCopy copy in copies)
        {
            Address(copy.From);
            Address(copy.To);
            store.RecordCopy(commands, _pages[copy.From], _pages[copy.To]);
        }
    }

    public void Dispose()
    {
        for (int page = 0; page < _pages.Length; page++)
        {
            if (_pages[page] != None)
            {
                store.Release(_pages[page]);
                _pages[page] = None;
            }
        }
    }

    private static int[] Filled(int count)
    {
        int[] pages = new int[count];
        Array.Fill(pages, None);
        return pages;
    }
}

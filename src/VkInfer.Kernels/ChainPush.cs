using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>A dispatch's place in a chain, as the push constants chain_low, chain_high, chain_link and chain_waits have it.</summary>
/// <param name="ChainLow">Of the address of the chain's counters; with the next 0: no chain.</param>
/// <param name="ChainHigh">Likewise.</param>
/// <param name="ChainLink">The counter to arrive at.</param>
/// <param name="ChainWaits">Arrivals of the link before to wait for; 0: none.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ChainPush(uint ChainLow, uint ChainHigh, uint ChainLink, uint ChainWaits)
{
    public static ChainPush Of(ChainLink link) => new((uint)link.Address, (uint)(link.Address >> 32), link.Index, link.Arrivals);
}

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Push constants of decode attention; mirrors <c>push/attention_decode.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DecodeAttentionPush
{
    public uint GroupSize;
    public uint KvHeads;
    public uint Capacity;
    public uint Splits;
    public uint MinKeys;
    public float Scale;
    public uint Window;
    public float SoftCap;
    public float Phi;
    public float Lower;
    public float Upper;
    public uint LayerAt;
    public uint BlockGroup;
    public uint QueryStride;
    public uint OutputStride;
    public uint ChainLow;
    public uint ChainHigh;
    public uint ChainLink;
    public uint ChainWaits;

    /// <summary>Takes a place in a chain.</summary>
    public void Join(ChainLink link) =>
        (ChainLow, ChainHigh, ChainLink, ChainWaits) = ((uint)link.Address, (uint)(link.Address >> 32), link.Index, link.Arrivals);
}

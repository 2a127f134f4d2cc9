using System.Runtime.InteropServices;

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
    public ChainPush Chain;
}

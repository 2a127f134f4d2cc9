using System.Runtime.InteropServices;
using VkInfer.Kernels;

namespace VkInfer.Vulkan.Tests;

/// <summary>The probe kernel: dst[i] = src[i] + addend.</summary>
internal static class Probe
{
    public const uint WorkgroupSize = 64;

    public static ShaderCode Shader { get; } = ShaderLibrary.Get("probe_add");

    public static ComputePipeline Pipeline(GpuDevice device)
        => device.GetPipeline(Shader, SpecializationConstants.From((0, WorkgroupSize)));

    public static void Record(
        CommandList commands, ComputePipeline pipeline, BufferView source, BufferView destination, uint addend,
        params AddressedView[] addressed)
    {
        uint count = (uint)(destination.Length / sizeof(uint));
        commands.Dispatch(
            pipeline, ((count + WorkgroupSize - 1) / WorkgroupSize, 1, 1), new Push(count, addend), [source, destination], addressed);
    }

    public static uint[] Numbers(int count, uint first = 0) => [.. Enumerable.Range(0, count).Select(i => (uint)i + first)];

    public static void Upload(GpuDevice device, GpuBuffer buffer, ReadOnlySpan<uint> values)
        => device.Upload(buffer, 0, MemoryMarshal.AsBytes(values));

    public static uint[] Download(GpuDevice device, GpuBuffer buffer)
    {
        uint[] values = new uint[buffer.SizeInBytes / sizeof(uint)];
        device.Download(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Push(uint Count, uint Addend);
}

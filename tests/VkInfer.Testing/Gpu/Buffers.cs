using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Testing;

/// <summary>Buffers with contents, and contents from seeds.</summary>
public static class Buffers
{
    /// <summary>Numbers of a uniform distribution; the same for a seed on every machine.</summary>
    public static float[] Random(int seed, int count, float from = -1, float to = 1)
    {
        ulong state = ((ulong)(uint)seed * 0x9E3779B97F4A7C15) + 0x632BE59BD9B4E019;
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            // splitmix64
            state += 0x9E3779B97F4A7C15;
            ulong z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            values[i] = from + ((to - from) * ((z >> 40) * (1f / (1 << 24))));
        }

        return values;
    }

    /// <summary>A device-local buffer with these elements.</summary>
    public static GpuBuffer Create<T>(GpuDevice device, ReadOnlySpan<T> values, string name = "test data")
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        GpuBuffer buffer = device.CreateBuffer(bytes.Length, BufferKind.DeviceLocal, name);
        device.Upload(buffer, 0, bytes);
        return buffer;
    }

    /// <summary>The elements of a range.</summary>
    public static T[] Read<T>(GpuDevice device, BufferView view)
        where T : unmanaged
    {
        byte[] bytes = new byte[view.Length];
        device.Download(view.Buffer, view.Offset, bytes);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }
}

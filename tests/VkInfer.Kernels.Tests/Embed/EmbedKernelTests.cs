using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

public sealed class EmbedKernelTests : GpuTest
{
    [TestCase(WeightType.F32, 1)]
    [TestCase(WeightType.F16, 1)]
    [TestCase(WeightType.F16, 0.75f)]
    public void Copies_the_rows_that_the_ids_name(WeightType type, float scale)
    {
        const int Rows = 37;
        const int Columns = 111;
        int padded = WeightLayout.PadColumns(Columns);
        // Values that half precision holds exactly.
        float[] table = [.. Enumerable.Range(0, Rows * Columns).Select(i => ((i * 7919) % 2048) - 1024f)];
        byte[] source = type == WeightType.F32
            ? MemoryMarshal.AsBytes(table.AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(table.Select(v => (Half)v).ToArray().AsSpan()).ToArray();
        byte[] quants = new byte[WeightLayout.QuantBytes(type, Rows, Columns)];
        WeightLayout.Pack(type, source, Rows, Columns, quants, []);
        uint[] ids = [99, 0, 36, 5, 5, 17];
        float guard = -12345;

        using GpuBuffer packed = Device.CreateBuffer(quants.Length, BufferKind.DeviceLocal, "table");
        using GpuBuffer idBuffer = Device.CreateBuffer(ids.Length * sizeof(uint), BufferKind.HostWritable, "ids");
        using GpuBuffer hidden = Device.CreateBuffer(ids.Length * padded * sizeof(float), BufferKind.DeviceLocal, "hidden");
        Device.Upload(packed, 0, quants);
        idBuffer.Write(0, ids.AsSpan());
        float[] values = new float[ids.Length * padded];
        values.AsSpan().Fill(guard);
        Device.Upload(hidden, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        Run(commands => new EmbedKernel(new KernelContext(Device)).Record(
            commands, WeightMatrix.FromPacked(type, Rows, Columns, packed), idBuffer, 1, hidden, ids.Length - 1, scale));
        Device.Download(hidden, 0, MemoryMarshal.AsBytes(values.AsSpan()));

        for (int i = 0; i < ids.Length - 1; i++)
        {
            float[] expected = [
                .. table.AsSpan((int)ids[i + 1] * Columns, Columns).ToArray().Select(value => value * scale),
                .. new float[padded - Columns]];
            Assert.That(values.AsSpan(i * padded, padded).ToArray(), Is.EqualTo(expected), $"row {i}");
        }

        Assert.That(values[^padded..], Is.All.EqualTo(guard), "the row behind the last was written");
    }
}

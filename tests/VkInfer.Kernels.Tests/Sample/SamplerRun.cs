using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Runs a sampler on the device: a row of logits and a state in, the state and the ring out.</summary>
internal static class SamplerRun
{
    public static (StepState State, uint[] Ring) Run(
        Action<CommandList, BufferView, int, BufferView, BufferView, BufferView> record, float[] logits, StepState state)
    {
        GpuDevice device = GpuFixture.Device;
        using GpuBuffer logitsBuffer = device.CreateBuffer(logits.Length * sizeof(float), BufferKind.DeviceLocal, "logits");
        using GpuBuffer stateBuffer = device.CreateBuffer(StepState.SizeInBytes, BufferKind.HostWritable, "state");
        using GpuBuffer ring = device.CreateBuffer(StepState.RingSize * sizeof(uint), BufferKind.HostReadable, "ring");
        using GpuBuffer scratch = device.CreateBuffer(ArgmaxKernel.ScratchBytes(logits.Length), BufferKind.DeviceLocal, "scratch");
        device.Upload(logitsBuffer, 0, MemoryMarshal.AsBytes(logits.AsSpan()));
        stateBuffer.Write(0, new ReadOnlySpan<StepState>(in state));
        using (CommandList commands = device.CreateCommandList("sample"))
        {
            commands.Record(list =>
            {
                list.Fill(scratch, 0);
                record(list, logitsBuffer, logits.Length, stateBuffer, ring, scratch);
            });
            device.Wait(device.Submit(commands));
        }

        var after = new StepState[1];
        device.Download(stateBuffer, 0, MemoryMarshal.AsBytes(after.AsSpan()));
        uint[] ids = new uint[StepState.RingSize];
        ring.Read(0, ids.AsSpan());
        return (after[0], ids);
    }
}

using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Runs a sampler on the device: a row of logits and a state in, the state and the ring out.</summary>
internal static class SamplerRun
{
    public static (StepState State, uint[] Ring) Run(
        Action<CommandList, ChoiceSteps> record, ChoiceFeatures features, float[] logits, StepState state)
    {
        GpuDevice device = GpuFixture.Device;
        using GpuBuffer logitsBuffer = device.CreateBuffer(logits.Length * sizeof(float), BufferKind.DeviceLocal, "logits");
        using GpuBuffer stateBuffer = device.CreateBuffer(StepState.SizeInBytes, BufferKind.HostWritable, "state");
        using GpuBuffer ring = device.CreateBuffer(StepState.RingSize * sizeof(uint), BufferKind.HostReadable, "ring");
        device.Upload(logitsBuffer, 0, MemoryMarshal.AsBytes(logits.AsSpan()));
        stateBuffer.Write(0, new ReadOnlySpan<StepState>(in state));
        Run(record, [(new Choice { Logits = logitsBuffer, StepState = stateBuffer, Ring = ring }, features)], logits.Length);

        var after = new StepState[1];
        device.Download(stateBuffer, 0, MemoryMarshal.AsBytes(after.AsSpan()));
        uint[] ids = new uint[StepState.RingSize];
        ring.Read(0, ids.AsSpan());
        return (after[0], ids);
    }

    /// <summary>Runs what is recorded over a table of choices.</summary>
    public static void Run(
        Action<CommandList, ChoiceSteps> record, IReadOnlyList<(Choice Choice, ChoiceFeatures Features)> choices, int vocabSize)
    {
        GpuDevice device = GpuFixture.Device;
        using var table = new ChoiceTable(device, choices.Count, BufferKind.DeviceLocal);
        using GpuBuffer scratch = device.CreateBuffer(
            SamplerScratch.Bytes(vocabSize, choices.Count), BufferKind.DeviceLocal, "scratch");
        var steps = new ChoiceSteps(table, choices.Count, vocabSize, scratch);
        foreach ((Choice choice, ChoiceFeatures features) in choices)
        {
            table.Add(choice, features);
            steps.MayUse(choice);
        }

        table.Write();
        using CommandList commands = device.CreateCommandList("sample");
        commands.Record(list =>
        {
            list.Fill(scratch, 0);
            record(list, steps);
        });
        device.Wait(device.Submit(commands));
    }
}

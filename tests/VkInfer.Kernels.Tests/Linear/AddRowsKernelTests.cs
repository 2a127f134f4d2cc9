using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

public sealed class AddRowsKernelTests : GpuTest
{
    private const int TableRows = 9;

    [Test]
    public void Adds_a_bias_to_every_row([Values(1, 7)] int seqLen, [Values(1, 63, 111, 512)] int width) =>
        Check(seqLen, width, (kernel, commands, y, table, _) => kernel.RecordBias(commands, y, table, seqLen, width), _ => 0);

    [Test]
    public void Adds_consecutive_rows([Values(1, 7)] int seqLen, [Values(1, 63, 111, 512)] int width) =>
        Check(
            seqLen, width, (kernel, commands, y, table, _) => kernel.RecordPositions(commands, y, table, TableRows, 2, seqLen, width),
            row => 2 + row);

    [Test]
    public void Adds_the_row_of_a_step() =>
        Check(
            1, 111, (kernel, commands, y, table, state) => kernel.RecordPosition(commands, y, table, TableRows, 2, state, 111), _ => 2 + 4);

    [Test]
    public void Adds_nothing_beyond_the_table() => Check(
        4, 111, (kernel, commands, y, table, _) => kernel.RecordPositions(commands, y, table, TableRows, TableRows - 2, 4, 111),
        row => row < 2 ? TableRows - 2 + row : null);

    private static void Check(
        int seqLen, int width, Action<AddRowsKernel, Vulkan.CommandList, Vulkan.BufferView, Vulkan.BufferView, Vulkan.BufferView> record,
        Func<int, int?> rowOf)
    {
        float[] before = TestValues.Normal(seqLen * width, 1);
        float[] rows = TestValues.Normal(TableRows * width, 2);
        using var harness = new KernelHarness();
        GpuBuffer table = harness.UploadActivations(rows, TableRows, width, ActivationType.F32);
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = 4 }]);
        GuardedBuffer y = harness.OutputActivations(before, seqLen, width, ActivationType.F32);
        harness.Run(commands => record(new AddRowsKernel(harness.Context), commands, y.View, table, state));
        double[] expected = [
            .. before.Select((value, i) => value + (rowOf(i / width) is { } row ? (double)rows[(row * width) + (i % width)] : 0))];
        Comparison.AssertClose(KernelHarness.ReadActivations(y, seqLen, width, ActivationType.F32), expected, Bounds.F32);
    }
}

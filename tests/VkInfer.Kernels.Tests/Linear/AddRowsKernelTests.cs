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
    public void Adds_the_row_of_each_position([Values(1, 7)] int seqLen, [Values(1, 63, 111, 512)] int width) => Check(
        seqLen, width,
        (kernel, commands, y, table, rows) => kernel.RecordPositions(commands, y, table, TableRows, 2, List(rows, seqLen), width, seqLen),
        row => 2 + Position(row));

    [Test]
    public void Adds_the_row_of_a_step() =>
        Check(
            1, 111, (kernel, commands, y, table, state) => kernel.RecordPosition(commands, y, table, TableRows, 2, state, 111), _ => 2 + 4);

    [Test]
    public void Adds_nothing_beyond_the_table() => Check(
        4, 111,
        (kernel, commands, y, table, rows) => kernel.RecordPositions(commands, y, table, TableRows, TableRows - 5, List(rows, 4), 111, 4),
        row => Position(row) < 5 ? TableRows - 5 + Position(row) : null);

    [Test]
    public void Gathers_the_rows_of_a_list([Values(1, 63, 512)] int width)
    {
        float[] values = TestValues.Normal(TableRows * width, 3);
        using var harness = new KernelHarness();
        GpuBuffer x = harness.UploadActivations(values, TableRows, width, ActivationType.F32);
        RowList rows = harness.Rows(new RowEntry(7, 0, 0, 0), new RowEntry(0, 0, 0, 0), new RowEntry(7, 0, 0, 0));
        GuardedBuffer y = harness.OutputActivations(rows.Most, width, ActivationType.F32);
        harness.Run(commands => new GatherRowsKernel(harness.Context).Record(commands, x, rows, y.View, width, TableRows));
        float[] got = KernelHarness.ReadActivations(y, rows.Most, width, ActivationType.F32);
        float[] Row(int row) => values[(row * width)..((row + 1) * width)];
        Assert.That(got[..(3 * width)], Is.EqualTo(Row(7).Concat(Row(0)).Concat(Row(7))));
        Assert.That(got[(3 * width)..], Is.All.NaN, "rows beyond the list");
    }

    // Every second row has the position before its own.
    private static int Position(int row) => row - (row % 2);

    private static RowList List(BufferView list, int rows) => new(list, rows);

    private static void Check(
        int seqLen, int width, Action<AddRowsKernel, Vulkan.CommandList, Vulkan.BufferView, Vulkan.BufferView, Vulkan.BufferView> record,
        Func<int, int?> rowOf)
    {
        float[] before = TestValues.Normal(seqLen * width, 1);
        float[] rows = TestValues.Normal(TableRows * width, 2);
        using var harness = new KernelHarness();
        GpuBuffer table = harness.UploadActivations(rows, TableRows, width, ActivationType.F32);
        bool isStep = TestContext.CurrentContext.Test.MethodName == nameof(Adds_the_row_of_a_step);
        GpuBuffer state = isStep
            ? harness.Upload<StepState>([new StepState { Position = 4 }])
            : harness.Upload<RowEntry>(
                RowList.WithHead([.. Enumerable.Range(0, seqLen).Select(row => new RowEntry((uint)row, (uint)Position(row), 0, 0))]));
        GuardedBuffer y = harness.OutputActivations(before, seqLen, width, ActivationType.F32);
        harness.Run(commands => record(new AddRowsKernel(harness.Context), commands, y.View, table, state));
        double[] expected = [
            .. before.Select((value, i) => value + (rowOf(i / width) is { } row ? (double)rows[(row * width) + (i % width)] : 0))];
        Comparison.AssertClose(KernelHarness.ReadActivations(y, seqLen, width, ActivationType.F32), expected, Bounds.F32);
    }
}

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Adds rows of a table to rows: one row to all (a bias), or consecutive ones (learned positions). Thread-safe.</summary>
/// <param name="context">The device.</param>
public sealed class AddRowsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("add_rows").Threads(128);

    /// <summary>Records y[r] += bias for every row.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="y">float32 [seqLen, Stride(width)].</param>
    /// <param name="bias">float32 [Stride(width)].</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="width">Elements of a row.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordBias(CommandList commands, BufferView y, BufferView bias, int seqLen, int width) =>
        Record(commands, y, bias, 1, 0, 0, seqLen, width, null);

    /// <summary>Records y[r] += table[firstRow + r].</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="y">float32 [seqLen, Stride(width)].</param>
    /// <param name="table">float32 [tableRows, Stride(width)].</param>
    /// <param name="tableRows">Rows of the table; rows beyond are not added.</param>
    /// <param name="firstRow">The table's row for y's first.</param>
    /// <param name="seqLen">Rows of y.</param>
    /// <param name="width">Elements of a row.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordPositions(CommandList commands, BufferView y, BufferView table, int tableRows, int firstRow, int seqLen, int width) =>
        Record(commands, y, table, tableRows, firstRow, 1, seqLen, width, null);

    /// <summary>Records y += table[firstRow + position] for the one token of a decode step.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="y">float32 [Stride(width)].</param>
    /// <param name="table">float32 [tableRows, Stride(width)].</param>
    /// <param name="tableRows">Rows of the table; rows beyond are not added.</param>
    /// <param name="firstRow">The table's row of position 0.</param>
    /// <param name="stepState">The session's <see cref="StepState"/>.</param>
    /// <param name="width">Elements of a row.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordPosition(
        CommandList commands, BufferView y, BufferView table, int tableRows, int firstRow, BufferView stepState, int width) =>
        Record(commands, y, table, tableRows, firstRow, 0, 1, width, stepState);

    private void Record(
        CommandList commands, BufferView y, BufferView table, int tableRows, int firstRow, int step, int seqLen, int width,
        BufferView? stepState)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        commands.Dispatch(
            context.GetPipeline("add_rows", new AddRowsConstants(Threads, stepState.HasValue).ToSpecialization()),
            ((uint)((width + Threads - 1) / Threads), (uint)seqLen, 1),
            new AddRowsPush((uint)width, (uint)Activations.Stride(width), (uint)firstRow, (uint)step, (uint)tableRows),
            [
                Activations.Require(nameof(y), y, ActivationType.F32, seqLen, width),
                Activations.Require(nameof(table), table, ActivationType.F32, tableRows, width),
                stepState is { } state ? Activations.Require(nameof(stepState), state, StepState.SizeInBytes) : table,
            ]);
    }
}

/// <summary>Specialisation constants of <c>linear/add_rows.comp</c>.</summary>
internal readonly record struct AddRowsConstants(int Threads, bool StepState) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "STEP_STATE"];

    public static string Source => "linear/add_rows.comp";

    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From((0, (uint)Threads), (1, SpecializationConstants.Bits(StepState)));
}

/// <summary>Push constants of <c>push/add_rows.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AddRowsPush(uint Width, uint Stride, uint FirstRow, uint Step, uint TableRows);

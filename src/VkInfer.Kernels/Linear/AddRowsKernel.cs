using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Adds rows of a table to rows: one row to all (a bias), or that of each row's position (learned positions). Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
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
        Record(commands, y, bias, 1, 0, RowPosition.None, seqLen, width, seqLen, bias, null);

    /// <summary>Records y[r] += table[firstRow + position] for the rows of a list.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="y">float32 [activationRows, Stride(width)].</param>
    /// <param name="table">float32 [tableRows, Stride(width)].</param>
    /// <param name="tableRows">Rows of the table; rows beyond are not added.</param>
    /// <param name="firstRow">The table's row of position 0.</param>
    /// <param name="rows">The rows and their positions.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="activationRows">Rows of y.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordPositions(
        CommandList commands, BufferView y, BufferView table, int tableRows, int firstRow, RowList rows, int width, int activationRows)
    {
        rows.Check();
        Record(commands, y, table, tableRows, firstRow, RowPosition.OfList, rows.Most, width, activationRows, table, rows.Entries);
    }

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
        Record(
            commands, y, table, tableRows, firstRow, RowPosition.OfStep, 1, width, 1,
            Activations.Require(nameof(stepState), stepState, StepState.SizeInBytes), null);

    private void Record(
        CommandList commands, BufferView y, BufferView table, int tableRows, int firstRow, RowPosition position, int rows, int width,
        int activationRows, BufferView stepState, BufferView? list)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        commands.Dispatch(
            context.GetPipeline("add_rows", new AddRowsConstants(Threads, position).ToSpecialization()),
            ((uint)((width + Threads - 1) / Threads), (uint)rows, 1),
            new AddRowsPush((uint)width, (uint)Activations.Stride(width), (uint)firstRow, (uint)tableRows),
            [
                Activations.Require(nameof(y), y, ActivationType.F32, activationRows, width),
                Activations.Require(nameof(table), table, ActivationType.F32, tableRows, width),
                stepState,
                list ?? table,
            ]);
    }
}

/// <summary>Which position of a table a row takes, in <c>linear/add_rows.comp</c>.</summary>
internal enum RowPosition
{
    /// <summary>The first.</summary>
    None,

    /// <summary>Its own, as a list of rows says.</summary>
    OfList,

    /// <summary>The decode step's.</summary>
    OfStep,
}

/// <summary>Specialisation constants of <c>linear/add_rows.comp</c>.</summary>
internal readonly record struct AddRowsConstants(int Threads, RowPosition Position) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "POSITIONS"];

    public static string Source => "linear/add_rows.comp";

    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From((0, (uint)Threads), (1, (uint)Position));
}

/// <summary>Push constants of <c>push/add_rows.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AddRowsPush(uint Width, uint Stride, uint FirstRow, uint TableRows);

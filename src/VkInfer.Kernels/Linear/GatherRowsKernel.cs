using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Copies the rows of a list one after another. Shader: <c>linear/gather_rows.comp</c>. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GatherRowsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("gather_rows").Threads(128);

    /// <summary>Records y[i] = x[row of entry i].</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [activationRows, Stride(width)].</param>
    /// <param name="rows">Which rows; y keeps what it holds beyond their number.</param>
    /// <param name="y">float32 [rows.Most, Stride(width)].</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="activationRows">Rows of x.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void Record(CommandList commands, BufferView x, RowList rows, BufferView y, int width, int activationRows)
    {
        ArgumentNullException.ThrowIfNull(commands);
        rows.Check();
        commands.Dispatch(
            context.GetPipeline("gather_rows", SpecializationConstants.From((0, (uint)Threads))),
            ((uint)((width + Threads - 1) / Threads), (uint)rows.Most, 1),
            new GatherRowsPush((uint)width, (uint)Activations.Stride(width)),
            [
                Activations.Require(nameof(x), x, ActivationType.F32, activationRows, width),
                Activations.Require(nameof(y), y, ActivationType.F32, rows.Most, width),
                rows.Entries,
            ]);
    }
}

/// <summary>Push constants of <c>push/gather_rows.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct GatherRowsPush(uint Width, uint Stride);

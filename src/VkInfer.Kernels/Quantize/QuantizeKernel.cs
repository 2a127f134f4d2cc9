using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Encodes float weights into blocks on the device, with the bits that the CPU's encoder gives (shaders/quantize/quantize.comp).
/// Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class QuantizeKernel(KernelContext context)
{
    private const int MaxWorkgroups = 4096;

    internal int Threads { get; } = context.For("quantize").Threads(64);

    /// <summary>Whether the kernel encodes weights of one type into another.</summary>
    /// <param name="from">As they are.</param>
    /// <param name="to">As they shall be.</param>
    public static bool CanConvert(WeightType from, WeightType to) =>
        from is WeightType.F32 or WeightType.F16 or WeightType.BF16 && to is WeightType.Q8_0 or WeightType.Q4_0;

    /// <summary>Records the encoding of all rows of a matrix.</summary>
    /// <param name="commands">Receives a dispatch for each part of the target that one binding can hold.</param>
    /// <param name="source">The weights, all finite; small enough for one binding.</param>
    /// <param name="target">Receives them as some of its rows; as many columns, which are whole blocks.</param>
    /// <param name="firstRow">The first of these rows.</param>
    /// <exception cref="ArgumentException">The types are none that <see cref="CanConvert"/> knows, or the shapes do not fit.</exception>
    public void Record(CommandList commands, WeightMatrix source, WeightMatrix target, int firstRow)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (!CanConvert(source.Type, target.Type) || source.Columns != target.Columns || firstRow < 0
            || firstRow + (long)source.Rows > target.Rows)
        {
            throw new ArgumentException(
                $"{source.Type} [{source.Rows}, {source.Columns}] cannot become rows {firstRow} and on of {target.Type} [{target.Rows}, {target.Columns}]",
                nameof(source));
        }

        ComputePipeline pipeline = context.GetPipeline(Variant(source.Type, target.Type), SpecializationConstants.From((0, (uint)Threads)));
        foreach ((int partRow, WeightMatrix part) in RowSlices.Of(target, context))
        {
            int first = Math.Max(firstRow, partRow);
            int rows = Math.Min(firstRow + source.Rows, partRow + part.Rows) - first;
            if (rows <= 0)
            {
                continue;
            }

            long pairs = (long)rows * (target.KPadded / WeightLayout.ColumnAlignment);
            commands.Dispatch(
                pipeline,
                ((uint)Math.Min(MaxWorkgroups, (pairs + Threads - 1) / Threads), 1, 1),
                new QuantizePush((uint)target.KPadded, (uint)target.Columns, (uint)rows, (uint)(first - firstRow), (uint)(first - partRow)),
                [source.Quants, source.Scales, part.Quants, part.Scales]);
        }
    }

    internal static string Variant(WeightType from, WeightType to) => $"quantize_{WeightFormat.Of(from).Name}_{WeightFormat.Of(to).Name}";
}

/// <summary>Push constants of <c>push/quantize.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct QuantizePush(uint KPadded, uint Columns, uint Rows, uint FirstRow, uint TargetRow);

using System.Collections.Frozen;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What a matrix product does with its output.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum GemmMode
{
    /// <summary>C = A Wᵀ.</summary>
    Store,

    /// <summary>C += A Wᵀ: the residual connection.</summary>
    Accumulate,
}

/// <summary>
/// The linear layers of a prefill: C [seqLen, Rows] = A [seqLen, Columns] Wᵀ with float32 sums, on the matrix units where the
/// device and the weights allow, else on the scalar units in float32. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GemmKernel(KernelContext context)
{
    /// <summary>Slices of weights, and of rows of C, start at a multiple of this: it keeps every device's offset alignment.</summary>
    private const int SliceAlignment = 64;

    /// <summary>Matrix units store to columns that are a multiple of this: 16 bytes of float16.</summary>
    private const int FragmentAlignment = 8;

    // How A is stored depends on it, for which there are buffers as long as the kernel lives.
    private readonly FrozenSet<string> _leftOut = context.Forms.Snapshot();

    /// <summary>How A must be stored for weights of this type.</summary>
    /// <param name="weightType">The weights' format.</param>
    public ActivationType PreferredInput(WeightType weightType) => UsesMatrixUnits(weightType) ? ActivationType.F16 : ActivationType.F32;

    /// <summary>How A is best stored for these weights: float32 where they are too small for matrix units to pay.</summary>
    /// <param name="w">The weights.</param>
    public ActivationType PreferredInput(StackedWeights w)
    {
        ArgumentNullException.ThrowIfNull(w);
        bool usesMatrixUnits = GemmHeuristic.RepaysMatrixUnits(w.Rows, w.Columns)
            && w.Parts.All(part => UsesMatrixUnits(part.Type))
            && w.Parts.SkipLast(1).All(part => part.Rows % FragmentAlignment == 0);
        return usesMatrixUnits ? ActivationType.F16 : ActivationType.F32;
    }

    /// <summary>The same for one matrix by its shape.</summary>
    internal ActivationType PreferredInput(WeightType type, int rows, int columns) =>
        GemmHeuristic.RepaysMatrixUnits(rows, columns) && UsesMatrixUnits(type) ? ActivationType.F16 : ActivationType.F32;

    /// <summary>
    /// Whether C may be stored as float16 for weights of this type and A in float16: tiles round their sums where they stand, for which
    /// some devices have no fragments. float32 it may always be.
    /// </summary>
    /// <param name="weightType">The weights' format.</param>
    public bool CanStoreF16(WeightType weightType) =>
        UsesMatrixUnits(weightType) && MatrixUnits.Find(CapabilitiesFor(weightType)) is { HasHalfSums: true };

    /// <summary>How C of these weights is best stored for another product: float16 where they take float16 and may store it.</summary>
    /// <param name="w">The weights.</param>
    public ActivationType PreferredOutput(StackedWeights w)
    {
        ArgumentNullException.ThrowIfNull(w);
        return PreferredInput(w) == ActivationType.F16 && w.Parts.All(part => CanStoreF16(part.Type))
            ? ActivationType.F16
            : ActivationType.F32;
    }

    /// <summary>Records the product; matrices and outputs beyond the device's binding range are cut into slices.</summary>
    /// <param name="commands">Receives one dispatch per slice and part of the weights.</param>
    /// <param name="w">The weights; the parts' rows are columns of C one after another.</param>
    /// <param name="a">
    /// [seqLen, KPadded] of <paramref name="inputType"/>; the columns from Columns to KPadded are zero. Where the view goes on for whole
    /// fragments of 8 or 16 rows, few rows take a form made for them.
    /// </param>
    /// <param name="c">[seqLen, Stride(Rows)] of <paramref name="outputType"/>.</param>
    /// <param name="mode">Store or accumulate.</param>
    /// <param name="seqLen">Rows of A and C.</param>
    /// <param name="outputType">How C is stored; float16, which saturates at ±65504, needs <see cref="CanStoreF16"/> and Store.</param>
    /// <param name="inputType">
    /// How A is stored: float16 goes to the matrix units, float32 to the scalar ones; null: as preferred for the type.
    /// </param>
    /// <param name="scratch">Lets several workgroups share a tile, where there are few; null: none do.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">float16 output that the form has not, or shared memory that holds no tile.</exception>
    public void Record(
        CommandList commands, StackedWeights w, BufferView a, BufferView c, GemmMode mode, int seqLen,
        ActivationType outputType = ActivationType.F32, ActivationType? inputType = null, GemmScratch? scratch = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(w);
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        ActivationType input = inputType ?? PreferredInput(w.Parts[0].Type);
        bool matrix = input == ActivationType.F16;
        if (matrix && w.Parts.FirstOrDefault(part => !UsesMatrixUnits(part.Type)) is { } scalar)
        {
            throw new NotSupportedException(
                $"GEMM: float16 input needs matrix units; the device or the build has none for {scalar.Type} weights");
        }

        if (outputType == ActivationType.F16 && (mode != GemmMode.Store || !matrix || !w.Parts.All(part => CanStoreF16(part.Type))))
        {
            throw new NotSupportedException(
                $"GEMM: float16 output needs matrix units with float16 sums, and Store; got {input} input and {mode}");
        }

        int wholeRows = RowsOf(a, input, w.Columns);
        BufferView whole = a;
        a = Activations.Require(nameof(a), a, input, seqLen, w.Columns);
        c = Activations.Require(nameof(c), c, outputType, seqLen, w.Rows);
        int outputStride = Activations.Stride(w.Rows);
        long range = context.Capabilities.MaxStorageBufferRange;
        int sliceM = MaxRows(range, seqLen, Math.Max(a.Length, c.Length) / seqLen);
        for (int m = 0; m < seqLen; m += sliceM)
        {
            int rows = Math.Min(sliceM, seqLen - m);
            BufferView inputSlice = sliceM == seqLen ? whole : Rows(a, m, rows, seqLen);
            BufferView outputSlice = Rows(c, m, rows, seqLen);
            foreach ((int column, WeightMatrix weights) in Slices(w))
            {
                IGemmTiling tiling =
                    Choose(weights.Type, weights.Rows, weights.Columns, input, rows, sliceM == seqLen ? wholeRows : rows, scratch);
                RecordTiled(commands, tiling, weights, inputSlice, outputSlice, mode, rows, outputType, column, outputStride, scratch);
            }
        }
    }

    /// <summary>
    /// Records y = f(A Wgᵀ) · (A Wuᵀ) for weights [gate | up] (SwiGLU, GeGLU; Shazeer 2020), where the form that is the best for so many
    /// rows does it in one dispatch; else records nothing.
    /// </summary>
    /// <param name="commands">Receives the dispatch.</param>
    /// <param name="w">Gate, then up.</param>
    /// <param name="a">As <see cref="Record"/> takes it, float16.</param>
    /// <param name="y">[seqLen, Stride(Rows / 2)] of float16, which saturates at ±65504.</param>
    /// <param name="function">f.</param>
    /// <param name="seqLen">Rows of A and y.</param>
    /// <param name="scratch">As <see cref="Record"/> takes it.</param>
    /// <returns>Whether it was recorded.</returns>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public bool TryRecordGated(
        CommandList commands, StackedWeights w, BufferView a, BufferView y, ActivationFunction function, int seqLen,
        GemmScratch? scratch = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(w);
        if (w.Parts is not [var part] || function == ActivationFunction.None || PreferredInput(w) != ActivationType.F16
            || RowSlices.Of(part, context).Count() != 1)
        {
            return false;
        }

        long range = context.Capabilities.MaxStorageBufferRange;
        if (Activations.SizeInBytes(ActivationType.F16, seqLen, Math.Max(w.Columns, w.Rows / 2)) > range
            || ChooseGated(part, seqLen, RowsOf(a, ActivationType.F16, w.Columns), scratch) is not { CanGate: true } tiling)
        {
            return false;
        }

        RecordGated(commands, tiling, part, a, y, function, seqLen, scratch);
        return true;
    }

    // Whether a product is gated in one dispatch decides how it rounds.
    private IGatedGemmTiling? ChooseGated(WeightMatrix w, int seqLen, int inputRows, GemmScratch? scratch) => context.IsBatchInvariant
        ? GemmHeuristic.GatedMatrix(CapabilitiesFor(w.Type), seqLen, w.Rows, w.Columns)
        : Choose(w.Type, w.Rows, w.Columns, ActivationType.F16, seqLen, inputRows, scratch) as IGatedGemmTiling;

    /// <summary>
    /// What was measured, else the heuristic; a form that reads rows that A has not is not for it. Where bits must not depend on the rows,
    /// conventional tiles without splits: whatever their size, an element is the sum of the same products in the same order.
    /// </summary>
    private IGemmTiling Choose(
        WeightType type, int rows, int columns, ActivationType input, int seqLen, int inputRows, GemmScratch? scratch)
    {
        DeviceCapabilities capabilities = CapabilitiesFor(type);
        IGemmTiling? tiling = context.IsBatchInvariant
            ? null
            : context.Linear.Find(type, rows, columns, seqLen) ?? OfFewRows(capabilities, input, seqLen);
        IGemmTiling usual = tiling is not null && tiling.Input == input && tiling.InputRows(seqLen) <= inputRows
            && HasRoom(tiling, seqLen, rows, scratch)
            ? tiling
            : input == ActivationType.F16
                ? Matrix(capabilities, seqLen, rows, columns, scratch)
                : GemmHeuristic.Scalar(capabilities, context.IsSoftware, seqLen, rows);
        return context.Forms.IsLeftOut(FormOf(type, usual)) ? Other(type, rows, columns, input, seqLen, inputRows, scratch) : usual;
    }

    /// <summary>The form that is forced, or for few rows the usual one; null: conventional tiles.</summary>
    private IGemmTiling? OfFewRows(DeviceCapabilities capabilities, ActivationType input, int seqLen) => context.Linear.Forced switch
    {
        LinearForm.Gemv => GemmHeuristic.Vectors(capabilities, seqLen, input),
        LinearForm.Flat => input == ActivationType.F16 ? GemmHeuristic.Flat(capabilities, seqLen) : null,
        LinearForm.Tiled => null,
        _ => input == ActivationType.F16 ? GemmHeuristic.Few(capabilities, seqLen) : null,
    };

    /// <summary>A tiling whose form is not left out.</summary>
    private IGemmTiling Other(
        WeightType type, int rows, int columns, ActivationType input, int seqLen, int inputRows, GemmScratch? scratch)
    {
        DeviceCapabilities capabilities = CapabilitiesFor(type);
        IGemmTiling?[] others = input == ActivationType.F16
            ? [
                Matrix(capabilities, seqLen, rows, columns, scratch),
                context.IsBatchInvariant ? null : GemmHeuristic.Flat(capabilities, seqLen),
            ]
            : [
                GemmHeuristic.Scalar(capabilities, context.IsSoftware, seqLen, rows),
                GemmHeuristic.Scalar(capabilities, !context.IsSoftware, seqLen, rows),
            ];
        return others.Append(context.IsBatchInvariant ? null : GemmHeuristic.Vectors(capabilities, seqLen, input)).FirstOrDefault(tiling =>
            tiling is not null && tiling.InputRows(seqLen) <= inputRows && !context.Forms.IsLeftOut(FormOf(type, tiling)))
            ?? throw new NotSupportedException(
                $"GEMM: every form for {type} weights and {input} input computed wrong results on this device");
    }

    /// <summary>The form that a tiling belongs to, as <see cref="KernelForms"/> knows it.</summary>
    internal static string FormOf(WeightType type, IGemmTiling tiling) => Variant(type, tiling, ActivationType.F32);

    /// <summary>The tiling for these weights and so many rows of A, all of which are there.</summary>
    internal IGemmTiling Choose(WeightType type, int rows, int columns, ActivationType input, int seqLen) =>
        Choose(type, rows, columns, input, seqLen, int.MaxValue, null);

    private GemmMatrixConstants Matrix(DeviceCapabilities capabilities, int seqLen, int rows, int columns, GemmScratch? scratch) =>
        GemmHeuristic.Matrix(
            capabilities, seqLen, rows, columns,
            candidate => !context.IsBatchInvariant && HasRoom(candidate, seqLen, rows, scratch)) with
        {
            RoundsAlike = context.IsBatchInvariant,
        };

    private static bool HasRoom(IGemmTiling tiling, int seqLen, int rows, GemmScratch? scratch) =>
        tiling.Splits == 1 || (scratch is not null && scratch.Holds(tiling, GemmHeuristic.Tiles(tiling, seqLen, rows)));

    /// <summary>The parts, cut where a binding cannot hold them, each with the column of C that its first row makes.</summary>
    private IEnumerable<(int Column, WeightMatrix Part)> Slices(StackedWeights w)
    {
        int column = 0;
        foreach (WeightMatrix part in w.Parts)
        {
            foreach ((int first, WeightMatrix slice) in RowSlices.Of(part, context))
            {
                yield return (column + first, slice);
            }

            column += part.Rows;
        }
    }

    private static int MaxRows(long range, int seqLen, long rowBytes)
    {
        long rows = range / rowBytes;
        return rows >= seqLen
            ? seqLen
            : rows >= SliceAlignment
                ? (int)(rows / SliceAlignment * SliceAlignment)
                : throw new NotSupportedException(
                    $"{SliceAlignment} rows of {rowBytes} bytes exceed the device's storage buffer range of {range} bytes");
    }

    private static BufferView Rows(BufferView view, int first, int rows, int seqLen)
    {
        long rowBytes = view.Length / seqLen;
        return new BufferView(view.Buffer, view.Offset + (first * rowBytes), rows * rowBytes);
    }

    /// <summary>Makes the pipeline of a tiling, which may take a driver a second: on many threads at once, if there are many.</summary>
    internal void Prepare(IGemmTiling tiling, WeightType type, ActivationFunction gate)
    {
        GetPipeline(tiling, type, ActivationType.F32, tiling.ToSpecialization(accumulate: false));
        if (gate != ActivationFunction.None && tiling is IGatedGemmTiling { CanGate: true } gated)
        {
            GetPipeline(tiling, type, ActivationType.F16, gated.ToGatedSpecialization(gate));
        }
    }

    private ComputePipeline GetPipeline(
        IGemmTiling tiling, WeightType type, ActivationType outputType, SpecializationConstants constants) =>
        context.GetPipeline(
            Variant(type, tiling, outputType), constants, tiling.SubgroupSize, fullSubgroups: tiling.SubgroupSize is not null);

    /// <summary>Records one slice with a tiling of the caller's choice.</summary>
    internal void RecordTiled(
        CommandList commands, IGemmTiling tiling, WeightMatrix w, BufferView a, BufferView c, GemmMode mode, int seqLen,
        ActivationType outputType, int outputOffset, int outputStride, GemmScratch? scratch = null) => Dispatch(
        commands, tiling, tiling.ToSpecialization(mode == GemmMode.Accumulate), w, a, c, seqLen, outputType, outputOffset, outputStride,
        scratch);

    /// <summary>Records a gated product with a tiling of the caller's choice.</summary>
    internal void RecordGated(
        CommandList commands, IGatedGemmTiling tiling, WeightMatrix w, BufferView a, BufferView y, ActivationFunction function, int seqLen,
        GemmScratch? scratch = null) => Dispatch(
        commands, tiling, tiling.ToGatedSpecialization(function), w, a,
        Activations.Require(nameof(y), y, ActivationType.F16, seqLen, w.Rows / 2),
        seqLen, ActivationType.F16, 0, Activations.Stride(w.Rows / 2), scratch);

    private void Dispatch(
        CommandList commands, IGemmTiling tiling, SpecializationConstants constants, WeightMatrix w, BufferView a, BufferView c, int seqLen,
        ActivationType outputType, int outputOffset, int outputStride, GemmScratch? scratch)
    {
        int sharedMemory = CapabilitiesFor(w.Type).MaxSharedMemoryBytes;
        if (tiling.SharedMemoryBytes > sharedMemory)
        {
            // Over the limit some drivers lose the device instead of reporting an error.
            throw new NotSupportedException(
                $"GEMM: {tiling} needs {tiling.SharedMemoryBytes} bytes of shared memory; the device has {sharedMemory} for it");
        }

        if (!HasRoom(tiling, seqLen, w.Rows, scratch))
        {
            throw new NotSupportedException($"GEMM: {tiling} shares tiles, and there is no scratch for [{seqLen}, {w.Rows}]");
        }

        // A binding that the shader does not read takes any buffer.
        GemmScratch? shared = tiling.Splits > 1 ? scratch : null;

        if (commands.IsProfiled)
        {
            commands.Describe(new DispatchWork($"{seqLen} x {w.Rows} x {w.Columns}", Operations: 2L * seqLen * w.Rows * w.Columns));
        }

        commands.Dispatch(
            GetPipeline(tiling, w.Type, outputType, constants),
            ((uint)((seqLen + tiling.BlockM - 1) / tiling.BlockM), (uint)((w.Rows + tiling.BlockN - 1) / tiling.BlockN),
                (uint)tiling.Splits),
            new GemmPush((uint)seqLen, (uint)w.Rows, (uint)w.KPadded, (uint)outputStride, (uint)outputOffset),
            [
                w.Quants, w.Scales, Activations.Require(nameof(a), a, tiling.Input, tiling.InputRows(seqLen), w.Columns), c, a, a, a,
                shared?.Partials ?? c, shared?.Arrivals ?? c,
            ]);
    }

    /// <summary>Whole rows of A that a view holds.</summary>
    private static int RowsOf(BufferView a, ActivationType type, int columns) =>
        (int)Math.Min(a.Length / Activations.SizeInBytes(type, 1, columns), int.MaxValue);

    internal static string Variant(WeightType type, IGemmTiling tiling, ActivationType outputType) =>
        $"gemm_{WeightFormat.Of(type).Name}_{Activations.VariantPart(tiling.Input)}_{tiling.Form}{(outputType == ActivationType.F16 ? "_out_f16" : "")}";

    /// <summary>On a CPU device fragments are emulated: the direct form is faster there.</summary>
    private bool UsesMatrixUnits(WeightType type) =>
        !context.IsSoftware && GemmHeuristic.UsesMatrixUnits(CapabilitiesFor(type), type)
        && ShaderLibrary.Contains(MatrixForm(type)) && !_leftOut.Contains(MatrixForm(type));

    private DeviceCapabilities CapabilitiesFor(WeightType type) => WeightFormat.Of(type).BesideCodebook(context.Capabilities);

    private static string MatrixForm(WeightType type) => $"gemm_{WeightFormat.Of(type).Name}_f16_coopmat";
}

/// <summary>Push constants of <c>push/gemm.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct GemmPush(
    uint SeqLen, uint Rows, uint KPadded, uint OutputStride, uint OutputOffset, uint Experts = 0, uint PairsPerRow = 0);

using System.Numerics;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The linear layers of a decode step: a weight matrix times one vector, with the neighbouring element-wise work fused in.
/// Vectors are float32; inputs are padded to the matrix' KPadded and zero there. Sums are float32. A matrix larger than the
/// device's bindings is taken in slices of rows. Shaders: <c>linear/gemv_*.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device to record for.</param>
public sealed class GemvKernel(KernelContext context)
{
    // Slices that start at a multiple of this many rows keep the scales of every format at the strictest offset alignment.
    private const int SliceRows = 64;

    /// <summary>Records y = f(W x + bias), or y += f(W x + bias).</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="w">[N, K]; a dispatch for each part.</param>
    /// <param name="x">float32 [KPadded].</param>
    /// <param name="y">float32 [N]; only those are written.</param>
    /// <param name="mode">Whether to overwrite or add.</param>
    /// <param name="norm">If given, x is normalised first.</param>
    /// <param name="bias">float32 [N], if given.</param>
    /// <param name="activation">f.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void Record(
        CommandList commands, StackedWeights w, BufferView x, BufferView y, GemvMode mode, NormFusion? norm = null, BufferView? bias = null,
        ActivationFunction activation = ActivationFunction.None)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(w);
        var input = new GemvInputs(x, norm, bias);
        Views.RequireFloats(nameof(y), y, w.Rows);
        var firstRow = 0;
        foreach (var part in w.Parts)
        {
            input.Check(part, w.Rows);
            var tuning = input.Tuning(part, context);
            var constants = new GemvStoreConstants(input.Constants(tuning), mode == GemvMode.Accumulate, activation);
            var pipeline = context.GetPipeline($"gemv_store_{WeightFormat.Of(part.Type).Name}{tuning.Feature}", constants.ToSpecialization());
            foreach (var (first, slice) in RowSlices.Of(part, context))
            {
                var push = Push(slice, slice.Rows, firstRow + first, norm);
                Describe(commands, slice, slice.Rows);
                commands.Dispatch(
                    pipeline, (tuning.Groups(slice.Rows, context.Capabilities), 1, 1), in push,
                    [.. input.Bindings, y, slice.Quants, slice.Scales]);
            }

            firstRow += part.Rows;
        }
    }

    /// <summary>Records y[i] = f(gate_i · x) * (up_i · x).</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="gateUp">[2 * F, K]: the gate's rows, then up's.</param>
    /// <param name="x">float32 [KPadded].</param>
    /// <param name="norm">If given, x is normalised first.</param>
    /// <param name="y">float32 [F]; only those are written.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32 [2 * F], if given: added to each product first.</param>
    /// <exception cref="ArgumentException">A view too short for the shape, or an odd number of rows.</exception>
    public void RecordGated(
        CommandList commands, WeightMatrix gateUp, BufferView x, NormFusion? norm, BufferView y,
        ActivationFunction activation = ActivationFunction.Silu, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(gateUp);
        if (gateUp.Rows % 2 != 0)
        {
            throw new ArgumentException($"gate and up have the same number of rows; got {gateUp.Rows} together", nameof(gateUp));
        }

        var input = new GemvInputs(x, norm, bias);
        input.Check(gateUp);
        var width = gateUp.Rows / 2;
        Views.RequireFloats(nameof(y), y, width);
        var tuning = input.Tuning(gateUp, context);
        var constants = new GemvGatedConstants(input.Constants(tuning), activation);
        var pipeline = context.GetPipeline($"gemv_gated_{WeightFormat.Of(gateUp.Type).Name}{tuning.Feature}", constants.ToSpecialization());

        // Up's rows begin at `width`, which need not be where a slice may begin: its slices begin some rows earlier.
        var upSkip = width % SliceRows;
        var upStart = width - upSkip;
        var most = gateUp.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, 2 * SliceRows);
        var sliceRows = most == gateUp.Rows ? width : most - SliceRows;
        for (var first = 0; first < width; first += sliceRows)
        {
            var rows = Math.Min(sliceRows, width - first);
            var gate = gateUp.Slice(first, rows);
            var up = gateUp.Slice(upStart + first, upSkip + rows);
            var push = Push(gate, 2 * rows, first, norm);
            push.UpSkip = (uint)upSkip;
            push.Width = (uint)width;
            Describe(commands, gateUp, 2 * rows);
            commands.Dispatch(
                pipeline, (tuning.Groups(2 * rows, context.Capabilities), 1, 1), in push,
                [.. input.Bindings, y, gate.Quants, up.Quants, gate.Scales, up.Scales]);
        }
    }

    /// <summary>
    /// Records queries, keys and values of one token from their concatenated weights: RoPE on queries and keys, keys and values
    /// stored into the cache at the step's position. A dispatch for each part; they do not wait for each other where no two parts
    /// hold heads of one kind.
    /// </summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="qkv">[QkvWidth, K]: the rows of the query, key and value weights, in this order; parts hold whole heads.</param>
    /// <param name="x">float32 [KPadded].</param>
    /// <param name="norm">If given, x is normalised first.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="ropeTable">float32 [Capacity][RotaryDim / 2] (cos, sin).</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; nothing is stored at positions from Capacity on.</param>
    /// <param name="q">float32 [QueryWidth].</param>
    /// <param name="kCache">The layer's keys.</param>
    /// <param name="vCache">The layer's values.</param>
    /// <param name="bias">float32 [QkvWidth], if given: added before the rotation.</param>
    /// <exception cref="ArgumentException">A view too short for the shape, or weights of another shape.</exception>
    public void RecordQkv(
        CommandList commands, StackedWeights qkv, BufferView x, NormFusion? norm, AttentionShape shape,
        BufferView ropeTable, BufferView stepState, BufferView q, BufferView kCache, BufferView vCache, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(qkv);
        ArgumentNullException.ThrowIfNull(shape);
        var targets = new QkvTargets(ropeTable, stepState, q, kCache, vCache);
        targets.Check(shape);
        if (qkv.Rows != shape.QkvWidth)
        {
            throw new ArgumentException($"attention weights: expected {shape.QkvWidth} rows, got {qkv.Rows}", nameof(qkv));
        }

        var inputs = new GemvInputs(x, norm, bias);
        var head = 0;
        foreach (var part in qkv.Parts)
        {
            if (part.Rows % shape.HeadDim != 0)
            {
                throw new ArgumentException($"attention weights: expected whole heads of {shape.HeadDim} rows, got {part.Rows}", nameof(qkv));
            }

            inputs.Check(part, qkv.Rows);
            var next = head + (part.Rows / shape.HeadDim);
            RecordHeads(commands, part, inputs, shape, head, targets.OfHeads(shape, head, next));
            head = next;
        }
    }

    /// <summary>Records the heads from <paramref name="firstHead"/> on, counted through queries, keys and values.</summary>
    private void RecordHeads(
        CommandList commands, WeightMatrix w, GemvInputs inputs, AttentionShape shape, int firstHead, QkvTargets targets)
    {
        var tuning = inputs.Tuning(w, context);
        var constants = new GemvQkvConstants(inputs.Constants(tuning), shape.Pairing == RopePairing.SplitHalf);
        var variant = $"gemv_qkv_{WeightFormat.Of(w.Type).Name}_{KvNames.Suffix(shape.KvType)}{tuning.Feature}";
        var pipeline = context.GetPipeline(variant, constants.ToSpecialization());

        // Slices hold whole heads.
        var granularity = SliceRows / (int)BigInteger.GreatestCommonDivisor(SliceRows, shape.HeadDim) * shape.HeadDim;
        var sliceRows = w.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, granularity);
        for (var first = 0; first < w.Rows; first += sliceRows)
        {
            var slice = w.Slice(first, Math.Min(sliceRows, w.Rows - first));
            var push = Push(slice, slice.Rows, firstHead + (first / shape.HeadDim), inputs.Norm);
            push.NumHeads = (uint)shape.NumHeads;
            push.NumKvHeads = (uint)shape.NumKvHeads;
            push.HeadDim = (uint)shape.HeadDim;
            push.RotaryDim = (uint)shape.RotaryDim;
            push.Capacity = (uint)shape.Capacity;
            Describe(commands, slice, slice.Rows);
            commands.Dispatch(
                pipeline, (tuning.Groups(slice.Rows, context.Capabilities), 1, 1), in push,
                [
                    .. inputs.Bindings, targets.Q, targets.KCache, targets.VCache, targets.RopeTable, targets.StepState,
                    slice.Quants, slice.Scales,
                ]);
        }
    }

    private static void Describe(CommandList commands, WeightMatrix w, int rows)
    {
        if (commands.IsProfiled)
        {
            commands.Describe(new DispatchWork($"{rows} x {w.Columns}", Operations: 2L * rows * w.Columns));
        }
    }

    private static GemvPush Push(WeightMatrix slice, int slots, int firstRow, NormFusion? norm) => new()
    {
        Slots = (uint)slots,
        Stride = (uint)WeightLayout.ChunksPerRow(slice.Type, slice.Columns),
        FirstRow = (uint)firstRow,
        Columns = (uint)slice.Columns,
        Eps = norm?.Eps ?? 0,
    };

    /// <summary>What the query, key and value projections write, and read beside x.</summary>
    private readonly record struct QkvTargets(BufferView RopeTable, BufferView StepState, BufferView Q, BufferView KCache, BufferView VCache)
    {
        /// <summary>
        /// The same with targets that these heads write in the place of those that they do not, so that dispatches need not wait.
        /// </summary>
        public QkvTargets OfHeads(AttentionShape shape, int first, int next)
        {
            var firstValue = shape.NumHeads + shape.NumKvHeads;
            var target = first < shape.NumHeads ? Q : first < firstValue ? KCache : VCache;
            return this with
            {
                Q = target,
                KCache = first < firstValue && next > shape.NumHeads ? KCache : target,
                VCache = next > firstValue ? VCache : target,
            };
        }

        public void Check(AttentionShape shape)
        {
            shape.Validate();
            Views.RequireFloats("ropeTable", RopeTable, (long)shape.Capacity * shape.RotaryDim);
            Views.RequireBytes("stepState", StepState, Kernels.StepState.SizeInBytes);
            Views.RequireFloats("q", Q, shape.QueryWidth);
            Views.RequireBytes("kCache", KCache, shape.KvBytes);
            Views.RequireBytes("vCache", VCache, shape.KvBytes);
        }
    }
}

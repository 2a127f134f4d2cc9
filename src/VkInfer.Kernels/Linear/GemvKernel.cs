using System.Numerics;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The linear layers of a decode step: a weight matrix times one vector, with the neighbouring element-wise work fused in.
/// Vectors are float32; inputs are padded to the matrix' KPadded and zero there. Sums are float32. A matrix larger than the
/// device's bindings is taken in slices of rows. Shaders: <c>linear/gemv_*.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device to record for.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed partial class GemvKernel(KernelContext context)
{
    /// <summary>The form in which these weights take x best on the device.</summary>
    /// <param name="w">The weights.</param>
    public VectorForm FormOf(StackedWeights w)
    {
        ArgumentNullException.ThrowIfNull(w);
        return w.Parts.All(part => GemvHeuristic.Form(part.Type, context) == VectorForm.Fixed) ? VectorForm.Fixed : VectorForm.Float;
    }

    /// <summary>Records y = f(W x + bias), or y += f(W x + bias).</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="w">[N, K]; a dispatch for each part.</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="y">float32 [N]; only those are written.</param>
    /// <param name="mode">Whether to overwrite or add.</param>
    /// <param name="bias">float32 [N], if given.</param>
    /// <param name="activation">f.</param>
    /// <exception cref="ArgumentException">A view too short for the shape, or weights that do not take x in its form.</exception>
    public void Record(
        CommandList commands, StackedWeights w, VectorInput x, BufferView y, GemvMode mode, BufferView? bias = null,
        ActivationFunction activation = ActivationFunction.None)
    {
        ArgumentNullException.ThrowIfNull(w);
        Views.RequireFloats(nameof(y), y, w.Rows);
        RecordStore(commands, w, new GemvCall(x, bias), y, mode, activation);
    }

    /// <summary>Records y += W x + bias, and y as the input of the next product.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="w">[N, K].</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="y">float32 [N]: the residual stream.</param>
    /// <param name="next">Receives y, times the gain of its norm if it has one.</param>
    /// <param name="bias">float32 [N], if given.</param>
    /// <returns>What the next product takes.</returns>
    /// <exception cref="ArgumentException">A view too short for the shape, or weights that do not take x in its form.</exception>
    public VectorInput RecordResidual(
        CommandList commands, StackedWeights w, VectorInput x, BufferView y, VectorOutput next, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(w);
        Views.RequireFloats(nameof(y), y, w.Rows);
        return RecordStore(commands, w, new GemvCall(x, bias, next), y, GemvMode.Accumulate, ActivationFunction.None)!.Value;
    }

    /// <summary>Records f(W x + bias) as the input of the next product.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="w">[N, K].</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="next">Receives the result.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32 [N], if given.</param>
    /// <returns>What the next product takes.</returns>
    /// <exception cref="ArgumentException">A view too short for the shape, or weights that do not take x in its form.</exception>
    public VectorInput RecordActivated(
        CommandList commands, StackedWeights w, VectorInput x, VectorOutput next, ActivationFunction activation, BufferView? bias = null) =>
        RecordStore(commands, w, new GemvCall(x, bias, next), null, GemvMode.Store, activation)!.Value;

    /// <summary>Records f(gate_i · x) * (up_i · x) as the input of the next product.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="gateUp">[2 * F, K]: the gate's rows, then up's.</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="next">Receives the result [F], without a norm.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32 [2 * F], if given: added to each product first.</param>
    /// <returns>What the next product takes.</returns>
    /// <exception cref="ArgumentException">A view too short for the shape, or an odd number of rows.</exception>
    public VectorInput RecordGated(
        CommandList commands, WeightMatrix gateUp, VectorInput x, VectorOutput next,
        ActivationFunction activation = ActivationFunction.Silu, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(gateUp);
        if (gateUp.Rows % 2 != 0)
        {
            throw new ArgumentException($"gate and up have the same number of rows; got {gateUp.Rows} together", nameof(gateUp));
        }

        if (next.Norm is not null)
        {
            throw new ArgumentException("gate and up: expected no norm between the product and the next one", nameof(next));
        }

        var call = new GemvCall(x, bias, next);
        int width = gateUp.Rows / 2;
        call.Check(gateUp, gateUp.Rows, width);
        GemvTuning tuning = call.Tuning(gateUp, context, rowsPerElement: 2);
        var constants = new GemvGatedConstants(call.Constants(tuning, context), call.NextConstant, activation);
        ComputePipeline pipeline =
            context.GetPipeline($"gemv_gated_{WeightFormat.Of(gateUp.Type).Name}{tuning.Feature}", constants.ToSpecialization());

        // Up's rows begin at `width`, which need not be where a slice may begin: its slices begin some rows earlier.
        int alignment = WeightLayout.SliceRows(gateUp.Type);
        int upSkip = width % alignment;
        int upStart = width - upSkip;
        int most = gateUp.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, 2 * alignment);
        int sliceRows = most == gateUp.Rows ? width : most - alignment;
        ChainLink link = call.Link(commands);
        for (int first = 0; first < width; first += sliceRows)
        {
            int rows = Math.Min(sliceRows, width - first);
            WeightMatrix gate = gateUp.Slice(first, rows);
            WeightMatrix up = gateUp.Slice(upStart + first, upSkip + rows);
            GemvPush push = call.Push(gate, 2 * rows, first);
            push.UpSkip = (uint)upSkip;
            push.Width = (uint)width;
            push.NextColumns = (uint)WeightLayout.PadColumns(width);
            push.Chain = ChainPush.Of(link);
            Describe(commands, gateUp, 2 * rows);
            commands.Dispatch(
                pipeline, (tuning.Groups(2 * rows, context.Capabilities), 1, 1), in push,
                [.. call.Inputs, .. call.Outputs(next.Data), gate.Quants, up.Quants, gate.Scales, up.Scales], link: link);
        }

        return call.Result(0);
    }

    /// <summary>
    /// Whether <see cref="RecordQkv"/> runs for a cache of this type: it stores single elements, which a device may lack for float16, and
    /// knows no blocks of them.
    /// </summary>
    /// <param name="kvType">The cache's type.</param>
    public bool CanRecordQkv(KvType kvType) => kvType == KvType.F32 || (kvType == KvType.F16 && context.Capabilities.Storage16);

    /// <summary>
    /// Records queries, keys and values of one token from their concatenated weights: RoPE on queries and keys, keys and values
    /// stored into the page of the step's position. A dispatch for each part; they do not wait for each other where no two parts
    /// hold heads of one kind.
    /// </summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="qkv">[QkvWidth, K]: the rows of the query, key and value weights, in this order; parts hold whole heads.</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="ropeTable">float32 [Capacity][RotaryDim / 2] (cos, sin).</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; nothing is stored at positions from Capacity on.</param>
    /// <param name="q">float32 [QueryWidth].</param>
    /// <param name="layer">Where keys and values go.</param>
    /// <param name="blocks">The sequence's block table of the layer's group, for Capacity positions.</param>
    /// <param name="bias">float32 [QkvWidth], if given: added before the rotation.</param>
    /// <exception cref="ArgumentException">A view too short for the shape, or weights of another shape.</exception>
    public void RecordQkv(
        CommandList commands, StackedWeights qkv, VectorInput x, AttentionShape shape,
        BufferView ropeTable, BufferView stepState, BufferView q, KvLayer layer, BufferView blocks, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(qkv);
        ArgumentNullException.ThrowIfNull(shape);
        var targets = new QkvTargets(ropeTable, stepState, q, layer, blocks);
        targets.Check(shape);
        if (shape.Temperature.Beta != 0)
        {
            throw new NotSupportedException("attention weights: queries that grow with their position are made by rope_store");
        }

        if (qkv.Rows != shape.QkvWidth)
        {
            throw new ArgumentException($"attention weights: expected {shape.QkvWidth} rows, got {qkv.Rows}", nameof(qkv));
        }

        var call = new GemvCall(x, bias);
        ChainLink link = call.Link(commands);
        int head = 0;
        foreach (WeightMatrix part in qkv.Parts)
        {
            if (part.Rows % shape.HeadDim != 0)
            {
                throw new ArgumentException(
                    $"attention weights: expected whole heads of {shape.HeadDim} rows, got {part.Rows}", nameof(qkv));
            }

            call.Check(part, qkv.Rows, qkv.Rows);
            int next = head + (part.Rows / shape.HeadDim);
            RecordHeads(commands, part, call, shape, head, targets, next, link);
            head = next;
        }
    }

    /// <summary>Records the heads from one up to another, counted through queries, keys and values.</summary>
    private void RecordHeads(
        CommandList commands, WeightMatrix w, GemvCall call, AttentionShape shape, int firstHead, QkvTargets targets, int nextHead,
        ChainLink link)
    {
        GemvTuning tuning = call.Tuning(w, context);
        var constants = new GemvQkvConstants(call.Constants(tuning, context), shape.Pairing == RopePairing.SplitHalf);
        string variant = $"gemv_qkv_{WeightFormat.Of(w.Type).Name}_{KvNames.Suffix(shape.KvType)}{tuning.Feature}";
        ComputePipeline pipeline = context.GetPipeline(variant, constants.ToSpecialization());

        // Slices hold whole heads.
        int alignment = WeightLayout.SliceRows(w.Type);
        int granularity = alignment / (int)BigInteger.GreatestCommonDivisor(alignment, shape.HeadDim) * shape.HeadDim;
        int sliceRows = w.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, granularity);
        for (int first = 0; first < w.Rows; first += sliceRows)
        {
            WeightMatrix slice = w.Slice(first, Math.Min(sliceRows, w.Rows - first));
            GemvPush push = call.Push(slice, slice.Rows, firstHead + (first / shape.HeadDim));
            push.NumHeads = (uint)shape.NumHeads;
            push.NumKvHeads = (uint)shape.NumKvHeads;
            push.HeadDim = (uint)shape.HeadDim;
            push.RotaryDim = (uint)shape.RotaryDim;
            push.Capacity = (uint)shape.Capacity;
            push.LayerAt = targets.Layer.At;
            push.Chain = ChainPush.Of(link);
            Describe(commands, slice, slice.Rows);
            commands.Dispatch(
                pipeline, (tuning.Groups(slice.Rows, context.Capabilities), 1, 1), in push,
                [
                    .. call.Inputs, targets.QueryOf(shape, firstHead), targets.Blocks, targets.RopeTable, targets.StepState,
                    slice.Quants, slice.Scales,
                ],
                targets.Written(shape, firstHead, nextHead), link);
        }
    }

    /// <summary>A dispatch for each part and slice; without y the result is the next product's input alone.</summary>
    private VectorInput? RecordStore(
        CommandList commands, StackedWeights w, GemvCall call, BufferView? y, GemvMode mode, ActivationFunction activation)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(w);
        BufferView written = y ?? call.Next!.Value.Data;
        ChainLink link = call.LinkOfStore(commands, w);
        int firstRow = 0;
        int blocks = 0;
        foreach (WeightMatrix part in w.Parts)
        {
            call.Check(part, w.Rows, w.Rows);
            if (call.Next is { Form: VectorForm.Fixed } && firstRow % FixedPointVector.Block != 0)
            {
                throw new ArgumentException(
                    $"the weights' parts: expected whole blocks of {FixedPointVector.Block} rows, got {firstRow}", nameof(w));
            }

            GemvTuning tuning = call.Tuning(part, context);
            var constants = new GemvStoreConstants(
                call.Constants(tuning, context), call.NextConstant, y.HasValue, mode == GemvMode.Accumulate, activation);
            ComputePipeline pipeline =
                context.GetPipeline(StoreVariant(part.Type, tuning, link), constants.ToSpecialization());
            foreach ((int first, WeightMatrix slice) in RowSlices.Of(part, context))
            {
                GemvPush push = call.Push(slice, slice.Rows, firstRow + first);
                push.NextColumns = (uint)WeightLayout.PadColumns(w.Rows);
                push.FirstSquare = (uint)blocks;
                push.Chain = ChainPush.Of(link);
                Describe(commands, slice, slice.Rows);
                commands.Dispatch(
                    pipeline, (tuning.Groups(slice.Rows, context.Capabilities), 1, 1), in push,
                    [.. call.Inputs, .. call.Outputs(written), written, slice.Quants, slice.Scales], link: link);
                int slots = tuning.Slots(context.Capabilities);
                blocks += (slice.Rows + slots - 1) / slots;
            }

            firstRow += part.Rows;
        }

        return call.Next is null ? null : call.Result(blocks);
    }

    private static string StoreVariant(WeightType type, GemvTuning tuning, ChainLink link) =>
        $"gemv_store_{WeightFormat.Of(type).Name}{(link.IsChained && !tuning.IntegerDot ? "_chained" : tuning.Feature)}";

    private static void Describe(CommandList commands, WeightMatrix w, int rows, int? columns = null)
    {
        if (!commands.IsProfiled)
        {
            return;
        }

        // Of experts' matrices, only those of the chosen ones are read.
        long weights = rows * (long)(columns ?? w.Columns);
        double share = weights / ((double)w.Rows * w.Columns);
        commands.Describe(new DispatchWork(
            $"{rows} x {columns ?? w.Columns}", columns is null ? null : (long)((w.Quants.Length + w.Scales.Length) * share), 2 * weights));
    }

    /// <summary>What the query, key and value projections write, and read beside x.</summary>
    private readonly record struct QkvTargets(BufferView RopeTable, BufferView StepState, BufferView Q, KvLayer Layer, BufferView Blocks)
    {
        /// <summary>
        /// Where queries go; for heads without any, what no other dispatch writes, so that they need not wait for each other.
        /// </summary>
        public BufferView QueryOf(AttentionShape shape, int first) =>
            first < shape.NumHeads ? Q : first < shape.NumHeads + shape.NumKvHeads ? Layer.Keys : Layer.Values;

        /// <summary>What these heads write of the cache.</summary>
        public ReadOnlySpan<AddressedView> Written(AttentionShape shape, int first, int next)
        {
            int firstValue = shape.NumHeads + shape.NumKvHeads;
            var views = new List<AddressedView>(2);
            if (first < firstValue && next > shape.NumHeads)
            {
                views.Add(new AddressedView(Layer.Keys, BindingAccess.Write));
            }

            if (next > firstValue)
            {
                views.Add(new AddressedView(Layer.Values, BindingAccess.Write));
            }

            return CollectionsMarshal.AsSpan(views);
        }

        public void Check(AttentionShape shape)
        {
            shape.Validate();
            Layer.Check();
            Views.RequireFloats("ropeTable", RopeTable, (long)shape.Capacity * shape.RotaryDim);
            Views.RequireBytes("stepState", StepState, Kernels.StepState.SizeInBytes);
            Views.RequireFloats("q", Q, shape.QueryWidth);
            Views.RequireBytes("blocks", Blocks, (long)KvLayout.PageCount(shape.Capacity) * KvLayout.BlockBytes);
        }
    }
}

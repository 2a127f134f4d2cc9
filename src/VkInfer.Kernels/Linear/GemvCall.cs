using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What every matrix-vector product reads beside its weights, and leaves for the next; see <c>linear/gemv.glsl</c>.</summary>
/// <param name="X">The input.</param>
/// <param name="Bias">float32 [N], if there is one.</param>
/// <param name="Next">Where the result goes as the input of the next product, if it does.</param>
internal readonly record struct GemvCall(VectorInput X, BufferView? Bias, VectorOutput? Next = null)
{
    /// <summary>Of a router; a product with more reads its x so often that it had better come from the caches.</summary>
    private const int FewRows = 512;

    /// <summary>What is read: bindings 0 to 2. x stands where nothing is.</summary>
    public BufferView[] Inputs => [X.Data, X.Norm?.Squares ?? X.Data, Bias ?? X.Data];

    /// <summary>What is left: bindings 3 to 5 of the products that leave something.</summary>
    /// <param name="y">Stands where nothing is written: it is what the product writes in any case.</param>
    public BufferView[] Outputs(BufferView y) => [Next?.Data ?? y, Next?.Norm?.Gain ?? X.Data, Next?.Norm?.Squares ?? Next?.Data ?? y];

    /// <summary>The constant NEXT of <c>linear/gemv_next.glsl</c>.</summary>
    public uint NextConstant => Next is { } next ? 1 + (uint)next.Form + (next.Norm is null ? 0u : 2u) : 0;

    /// <summary>How the product is spread over the device.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="context">The device.</param>
    /// <param name="rowsPerElement">Rows of the weights for an element of the result.</param>
    public GemvTuning Tuning(WeightMatrix w, KernelContext context, int rowsPerElement = 1) =>
        Tuning(w.Type, w.Rows, w.Columns, context, rowsPerElement);

    /// <summary>How a product of so many rows and columns is spread over the device.</summary>
    public GemvTuning Tuning(WeightType type, int rows, int columns, KernelContext context, int rowsPerElement = 1)
    {
        KernelContext spread = context.For(GemvHeuristic.FormName(type));
        GemvTuning tuning = GemvHeuristic.Choose(type, rows, columns, X.Form, spread);
        if (ReferenceEquals(spread, context) && context.Linear.FindGemv(type, rows, columns) is { } measured
            && measured.IntegerDot == tuning.IntegerDot)
        {
            tuning = tuning with
            {
                WorkgroupSize = measured.WorkgroupSize,
                Rows = measured.Rows,
                Unroll = measured.Unroll,
                Passes = measured.Passes,
            };
        }

        if (Next is not { } next)
        {
            return tuning;
        }

        int elements = GemvHeuristic.BlockElements(next.Form, rows, context.Capabilities);
        return tuning.OfWholeBlocks(context.Capabilities, elements, rowsPerElement);
    }

    /// <summary>The product's place in a chain of dispatches. Those of a float32 x, which is read from the caches, are in none.</summary>
    public ChainLink Link(CommandList commands) => X.Form == VectorForm.Fixed ? commands.NextLink() : default;

    /// <summary>
    /// The same for a product that is only stored: with few rows it is in a chain whatever its x, by a variant that reads
    /// x past the caches.
    /// </summary>
    public ChainLink LinkOfStore(CommandList commands, StackedWeights w) =>
        X.Form == VectorForm.Fixed || (w.Rows <= FewRows && w.Parts.All(part => !WeightLayout.IsQuantized(part.Type)))
            ? commands.NextLink() : default;

    public GemvSharedConstants Constants(GemvTuning tuning, KernelContext context) =>
        new(tuning, tuning.MaxSlots(context.Capabilities), X.Norm.HasValue, Bias.HasValue);

    /// <summary>What the next product is given.</summary>
    /// <param name="groups">Workgroups of this one.</param>
    public VectorInput Result(int groups) => Next is { } next
        ? new VectorInput(next.Data, next.Form, next.Norm is { } norm ? new PendingNorm(norm.Squares, groups, norm.Eps) : null)
        : throw new InvalidOperationException("the product leaves nothing for another");

    public GemvPush Push(WeightMatrix slice, int slots, int firstRow) => new()
    {
        Slots = (uint)slots,
        Stride = (uint)WeightLayout.ChunksPerRow(slice.Type, slice.Columns),
        FirstRow = (uint)firstRow,
        Columns = (uint)slice.Columns,
        Squares = (uint)(X.Norm?.Count ?? 0),
        Eps = X.Norm?.Eps ?? 0,
    };

    /// <summary>Throws unless the views are as long as the weights and a result of <paramref name="rows"/> elements ask.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="terms">Elements of the bias.</param>
    /// <param name="rows">Elements of the result.</param>
    public void Check(WeightMatrix w, int terms, int rows) => Check(w, w.Columns, terms, rows);

    /// <summary>The same of an x of so many elements.</summary>
    public void Check(WeightMatrix w, int columns, int terms, int rows)
    {
        Views.RequireBytes("x", X.Data, VectorInput.SizeInBytes(X.Form, columns));
        if (X.Form == VectorForm.Fixed && !WeightLayout.IsQuantized(w.Type))
        {
            throw new ArgumentException($"x is in fixed point, which {w.Type} weights do not take", nameof(w));
        }

        if (X.Norm is { } pending)
        {
            Views.RequireFloats("squares", pending.Squares, pending.Count);
        }

        if (Bias is { } bias)
        {
            Views.RequireFloats("bias", bias, terms);
        }

        if (Next is { } next)
        {
            Views.RequireBytes("next", next.Data, VectorInput.SizeInBytes(next.Form, rows));
            if (next.Norm is { } norm)
            {
                Views.RequireFloats("gain", norm.Gain, rows);
                Views.RequireBytes("next squares", norm.Squares, PendingNorm.SizeInBytes(rows));
            }
        }
    }
}

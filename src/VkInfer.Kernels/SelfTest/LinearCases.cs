using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of linear layers and of the embedding.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class LinearCases
{
    // Whole blocks of every format, two of the largest; a row more than pairs and quads hold.
    private const int Columns = 512;
    private const int Rows = 38;
    internal const float Epsilon = 1e-5f;

    /// <summary>
    /// Sums of 512 products in float32, of inputs in fixed point of 16 bits at worst, err by 1e-5 of the result or less; one term that is
    /// lost is a twentieth of it.
    /// </summary>
    private const double Exact = 1e-3;

    /// <summary>float16 rounds each factor by up to 2^-11, and where sums are stored as float16, those, too.</summary>
    private const double Half = 4e-3;

    /// <summary>Rows of a table, scaled.</summary>
    /// <param name="type">The table's format.</param>
    public static SelfTestCase Embed(WeightType type) => new(
        $"embed_{WeightFormat.Of(type).Name}", "", (bench, commands) =>
        {
            (WeightMatrix table, float[] values) = bench.Weights(type, 5, Columns);
            GpuBuffer hidden = bench.Output(commands, 2 * Columns * sizeof(float));
            new EmbedKernel(bench.Context).Record(commands, table, bench.Upload<uint>(3, 0), 0, hidden, 2, 1.5f);
            bench.Expect(
                hidden, ActivationType.F32, Columns,
                [.. values.Skip(3 * Columns).Take(Columns).Concat(values.Take(Columns)).Select(value => 1.5 * value)], Exact);
        },
        $"embed_{WeightFormat.Of(type).Name}");

    /// <summary>The matrix-vector products of a decode step: plain, gated, and queries with keys and values.</summary>
    /// <param name="context">The device.</param>
    /// <param name="type">The weights' format.</param>
    /// <param name="attention">A layer's attention.</param>
    public static IEnumerable<SelfTestCase> Vector(KernelContext context, WeightType type, AttentionShape attention)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        string name = WeightFormat.Of(type).Name;
        (string form, string feature) = VectorFormName(context, type);
        yield return new(form, "store", (bench, commands) => Store(bench, commands, type), $"gemv_store_{name}{feature}");
        yield return new(form, "residual", (bench, commands) => Residual(bench, commands, type), $"gemv_store_{name}{feature}");
        yield return new(form, "gated", (bench, commands) => Gated(bench, commands, type), $"gemv_gated_{name}{feature}");
        if (new GemvKernel(context).CanRecordQkv(attention.KvType))
        {
            yield return new(
                form, $"qkv {attention.KvType} {attention.Pairing}", (bench, commands) => Qkv(bench, commands, type, attention),
                $"gemv_qkv_{name}_{KvNames.Suffix(attention.KvType)}{feature}");
        }
    }

    /// <summary>The form of matrix-vector products that a device takes for a format, and the end of its shaders' names.</summary>
    internal static (string Name, string Feature) VectorFormName(KernelContext context, WeightType type)
    {
        KernelContext spread = context.For(GemvHeuristic.FormName(type));
        GemvTuning tuning = GemvHeuristic.Choose(type, Rows, Columns, GemvHeuristic.Form(type, context), spread);
        return (tuning.IntegerDot ? GemvHeuristic.DotFormName(type) : spread.SpreadOf(GemvHeuristic.FormName(type)), tuning.Feature);
    }

    /// <summary>The product that some rows of activations take with weights of this shape.</summary>
    /// <param name="context">The device.</param>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">The weights' rows.</param>
    /// <param name="columns">The weights' columns.</param>
    /// <param name="input">How the activations are stored.</param>
    /// <param name="seqLen">Rows.</param>
    /// <exception cref="NotSupportedException">Every form is left out.</exception>
    public static SelfTestCase Matrix(KernelContext context, WeightType type, int rows, int columns, ActivationType input, int seqLen)
    {
        ArgumentNullException.ThrowIfNull(context);
        IGemmTiling tiling = new GemmKernel(context).Choose(type, rows, columns, input, seqLen);
        int m = Math.Min(seqLen, tiling.BlockM + 3);
        string form = GemmKernel.FormOf(type, tiling);
        return new(
            form, GemmCandidates.Name(tiling) + $" {tiling.BlockM}", (bench, commands) => Product(bench, commands, type, tiling, m), form);
    }

    private static void Store(SelfTestBench bench, CommandList commands, WeightType type)
    {
        (WeightMatrix w, float[] values) = bench.Weights(type, Rows, Columns);
        (float[] x, float[] gain, float[] bias, float[] before) = (bench.Values(Columns), bench.Values(Columns), bench.Values(Rows),
            bench.Values(Rows));
        var kernel = new GemvKernel(bench.Context);

        VectorInput input = Input(bench, commands, type, x, gain);
        double[] sums = References.Multiply(values, References.Norm(x, gain, null, Epsilon), Rows, Columns);

        GpuBuffer added = bench.Upload<float>(before);
        kernel.Record(commands, w, input, added, GemvMode.Accumulate);
        bench.ExpectDense(added, ActivationType.F32, [.. sums.Zip(before, (sum, value) => sum + value)], Exact);

        GpuBuffer stored = bench.Output(commands, Rows * sizeof(float));
        kernel.Record(commands, w, input, stored, GemvMode.Store, bench.Upload<float>(bias));
        bench.ExpectDense(stored, ActivationType.F32, [.. sums.Zip(bias, (sum, value) => sum + value)], Exact);
    }

    // The sums of squares that a product leaves for the norm before the next one, which counts them.
    private static void Residual(SelfTestBench bench, CommandList commands, WeightType type)
    {
        (WeightMatrix first, float[] firstValues) = bench.Weights(type, Columns, Columns);
        (WeightMatrix next, float[] nextValues) = bench.Weights(type, Rows, Columns);
        (float[] x, float[] gain, float[] nextGain, float[] before) = (bench.Values(Columns), bench.Values(Columns), bench.Values(Columns),
            bench.Values(Columns));
        VectorForm form = GemvHeuristic.Form(type, bench.Context);
        var kernel = new GemvKernel(bench.Context);
        var norm = new NextNorm(
            bench.Upload<float>(nextGain), bench.Output(commands, PendingNorm.SizeInBytes(Columns)), Epsilon);
        var output = new VectorOutput(bench.Zeros(commands, VectorInput.SizeInBytes(form, Columns)), form, norm);
        GpuBuffer y = bench.Upload<float>(before);
        VectorInput input = kernel.RecordResidual(commands, first, Input(bench, commands, type, x, gain), y, output);
        GpuBuffer result = bench.Output(commands, Rows * sizeof(float));
        kernel.Record(commands, next, input, result, GemvMode.Store);

        double[] stream =
        [
            .. References.Multiply(firstValues, References.Norm(x, gain, null, Epsilon), Columns, Columns)
                .Zip(before, (sum, value) => sum + value),
        ];
        double scale = 1 / Math.Sqrt(stream.Average(value => value * value) + Epsilon);
        double[] normed = [.. stream.Zip(nextGain, (value, factor) => value * scale * factor)];
        bench.ExpectDense(y, ActivationType.F32, stream, Exact);
        bench.ExpectDense(result, ActivationType.F32, References.Multiply(nextValues, normed, Rows, Columns), Exact);
    }

    private static void Gated(SelfTestBench bench, CommandList commands, WeightType type)
    {
        const int Width = Rows / 2;
        (WeightMatrix w, float[] values) = bench.Weights(type, Rows, Columns);
        (float[] x, float[] gain) = (bench.Values(Columns), bench.Values(Columns));
        GpuBuffer y = bench.Output(commands, VectorInput.SizeInBytes(VectorForm.Float, Width));
        new GemvKernel(bench.Context).RecordGated(
            commands, w, Input(bench, commands, type, x, gain), new VectorOutput(y, VectorForm.Float));
        double[] sums = References.Multiply(values, References.Norm(x, gain, null, Epsilon), Rows, Columns);
        bench.ExpectDense(
            y, ActivationType.F32,
            [.. Enumerable.Range(0, Width).Select(i => References.Activate(ActivationFunction.Silu, sums[i]) * sums[Width + i])], Exact);
    }

    private static void Qkv(SelfTestBench bench, CommandList commands, WeightType type, AttentionShape attention)
    {
        const int Position = 5;
        var shape = new AttentionShape(2, 1, 16, 16, attention.Pairing, 8, attention.KvType, 1);
        (WeightMatrix w, float[] values) = bench.Weights(type, shape.QkvWidth, Columns);
        (float[] x, float[] gain) = (bench.Values(Columns), bench.Values(Columns));
        float[] table = bench.Values(shape.Capacity * shape.RotaryDim);
        GpuBuffer q = bench.Output(commands, shape.QueryWidth * sizeof(float));
        PagedCache cache = bench.Pages(shape);
        new GemvKernel(bench.Context).RecordQkv(
            commands, w, Input(bench, commands, type, x, gain), shape, bench.Upload<float>(table),
            bench.Upload(new StepState { Position = Position }), q, cache.Layer, cache.Blocks);

        double[] sums = References.Multiply(values, References.Norm(x, gain, null, Epsilon), shape.QkvWidth, Columns);
        for (int head = 0; head < shape.NumHeads + shape.NumKvHeads; head++)
        {
            References.Rotate(
                sums.AsSpan(head * shape.HeadDim, shape.HeadDim), shape, table.AsSpan(Position * shape.RotaryDim, shape.RotaryDim));
        }

        bench.ExpectDense(q, ActivationType.F32, sums[..shape.QueryWidth], Exact);
        bench.ExpectCached(
            cache, Position, sums[shape.QueryWidth..(shape.QueryWidth + shape.KvWidth)], sums[(shape.QueryWidth + shape.KvWidth)..],
            attention.KvType == KvType.F16 ? Half : Exact);
    }

    /// <summary>A normed vector in the form that products with these weights take.</summary>
    internal static VectorInput Input(SelfTestBench bench, CommandList commands, WeightType type, float[] x, float[] gain)
    {
        VectorForm form = GemvHeuristic.Form(type, bench.Context);
        GpuBuffer normed = bench.Output(commands, VectorInput.SizeInBytes(form, x.Length));
        return new NormKernel(bench.Context).RecordVector(
            commands, bench.Upload<float>(x), bench.Upload<float>(gain), new VectorOutput(normed, form), x.Length, Epsilon);
    }

    private static void Product(SelfTestBench bench, CommandList commands, WeightType type, IGemmTiling tiling, int m)
    {
        int rows = Math.Min(tiling.BlockN + 24, 152);
        (WeightMatrix w, float[] values) = bench.Weights(type, rows, Columns);
        float[] a = SelfTestBench.Rounded(bench.Values(m * Columns));
        GpuBuffer c = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, m, rows));
        new GemmKernel(bench.Context).RecordTiled(
            commands, tiling, w, bench.UploadRows(a, m, Columns, tiling.Input, tiling.InputRows(m)), c, GemmMode.Store, m,
            ActivationType.F32, 0, Activations.Stride(rows));
        bench.Expect(
            c, ActivationType.F32, rows, References.Multiply(values, [.. a.Select(value => (double)value)], rows, Columns),
            tiling.Input == ActivationType.F16 ? Half : Exact);
    }
}

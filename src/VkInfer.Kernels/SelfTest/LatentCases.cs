using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of what stands around latent attention: the store of keys, and products of each head by itself.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class LatentCases
{
    private const float Epsilon = 1e-5f;

    private static readonly bool[] StepOrRows = [true, false];

    // Keys are stored as float16, or as bytes: steps of 1/127 of the largest of their block.
    private const double Half = 4e-3;
    private const double Bytes = 1e-2;

    // Sums of some hundred products in float32.
    private const double Exact = 1e-3;

    /// <summary>Latents on their way to the cache, of one row and of several.</summary>
    /// <param name="context">The device.</param>
    /// <param name="latent">A layer's heads.</param>
    /// <param name="kvType">How keys are stored.</param>
    public static IEnumerable<SelfTestCase> Store(KernelContext context, LatentShape latent, KvType kvType)
    {
        ArgumentNullException.ThrowIfNull(context);
        LatentShape shape = latent with { NumHeads = Math.Min(latent.NumHeads, 3) };
        return StepOrRows.Select(isStep => new SelfTestCase(
            context.For("latent_store").SpreadOf("latent_store"), $"{shape} {kvType} {(isStep ? "step" : "rows")}",
            (bench, commands) => Store(bench, commands, shape, kvType, isStep), $"latent_store_{KvNames.Part(kvType)}"));
    }

    /// <summary>Products with a matrix for each head.</summary>
    /// <param name="context">The device.</param>
    /// <param name="type">The matrices' format.</param>
    public static SelfTestCase Heads(KernelContext context, WeightType type)
    {
        ArgumentNullException.ThrowIfNull(context);
        string name = WeightFormat.Of(type).Name;
        return new(
            context.For("expert").SpreadOf("expert"), $"heads {name}", (bench, commands) => Heads(bench, commands, type), $"expert_{name}");
    }

    private static void Store(SelfTestBench bench, CommandList commands, LatentShape shape, KvType kvType, bool isStep)
    {
        const int Start = 2;
        int count = isStep ? 1 : 3;
        var attention = new AttentionShape(shape.NumHeads, 1, shape.KeyDim, shape.RopeDim, shape.Pairing, Start + count, kvType, 1)
        {
            HasKeysAsValues = true,
        };
        (int queriesWidth, int queryWidth) = (shape.NumHeads * shape.HeadDim, shape.NumHeads * shape.KeyDim);
        (float[] latents, float[] queries) = (bench.Values(count * shape.KeyDim), bench.Values(count * queriesWidth));
        (float[] query, float[] gain) = (bench.Values(count * queryWidth), bench.Values(shape.Rank));
        float[] table = bench.Values(attention.Capacity * shape.RopeDim);
        GpuBuffer rotated = bench.UploadRows(query, count, queryWidth, ActivationType.F32);
        PagedCache cache = bench.Pages(attention);
        var rows = new LatentRows(
            bench.UploadRows(latents, count, shape.KeyDim, ActivationType.F32), shape.KeyDim, 0,
            bench.UploadRows(queries, count, queriesWidth, ActivationType.F32), queriesWidth, rotated, bench.Upload<float>(table),
            bench.Upload<float>(gain), Epsilon);
        var kernel = new LatentStoreKernel(bench.Context);
        if (isStep)
        {
            kernel.RecordStep(
                commands, shape, rows, kvType, bench.Upload(new StepState { Position = Start }), cache.Layer, cache.Blocks,
                attention.Capacity);
        }
        else
        {
            kernel.RecordRows(
                commands, shape, rows, kvType,
                bench.Rows([.. Enumerable.Range(0, count).Select(row => new RowEntry((uint)row, (uint)(Start + row), 0, 0))]),
                bench.Sequences(commands, cache), cache.Layer, count);
        }

        double[] expected = [.. query.Select(value => (double)value)];
        for (int row = 0; row < count; row++)
        {
            AttentionShape turned = attention with { RotaryDim = shape.RopeDim };
            ReadOnlySpan<float> turns = table.AsSpan((Start + row) * shape.RopeDim, shape.RopeDim);
            double[] part = [.. latents.Skip((row * shape.KeyDim) + shape.Rank).Take(shape.RopeDim).Select(value => (double)value)];
            References.Rotate(part, turned, turns);
            double[] key = [.. References.Norm(latents[(row * shape.KeyDim)..][..shape.Rank], gain, null, Epsilon), .. part];
            int position = Start + row;
            bench.ExpectKey(cache, position, key, kvType == KvType.Q8_0 ? Bytes : Half);
            for (int head = 0; head < shape.NumHeads; head++)
            {
                int from = (((row * shape.NumHeads) + head) * shape.HeadDim) + shape.NopeDim;
                double[] own = [.. queries.Skip(from).Take(shape.RopeDim).Select(value => (double)value)];
                References.Rotate(own, turned, turns);
                own.CopyTo(expected, (((row * shape.NumHeads) + head) * shape.KeyDim) + shape.Rank);
            }
        }

        bench.Expect(rotated, ActivationType.F32, queryWidth, expected, Exact);
    }

    private static void Heads(SelfTestBench bench, CommandList commands, WeightType type)
    {
        const int Count = 3;
        const int Rows = 2;
        const int Height = 23;
        const int Columns = 512;
        (WeightMatrix w, float[] values) = bench.Weights(type, Count * Height, Columns);
        float[] x = bench.Values(Rows * Count * Columns);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, Rows, Count * Height));
        new ExpertKernel(bench.Context).RecordHeads(
            commands, w, new HeadRows(bench.UploadRows(x, Rows, Count * Columns, ActivationType.F32), Count * Columns, Columns),
            new HeadRows(y, Count * Height, Height), Rows, Count);
        bench.Expect(
            y, ActivationType.F32, Count * Height,
            [
                .. from row in Enumerable.Range(0, Rows)
                   from head in Enumerable.Range(0, Count)
                   from sum in References.Multiply(
                       values[(head * Height * Columns)..][..(Height * Columns)],
                       [.. x.Skip(((row * Count) + head) * Columns).Take(Columns).Select(value => (double)value)], Height, Columns)
                   select sum,
            ],
            Exact);
    }
}

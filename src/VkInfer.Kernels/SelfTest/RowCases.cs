using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of norms, activations and the choice of a token.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class RowCases
{
    // Element by element, or sums of a row in float32: 1e-6; results may be stored as float16, which rounds them by up to 2^-11.
    private const double Tolerance = 2e-3;

    /// <summary>The norm of rows.</summary>
    /// <param name="context">The device.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="layerNorm">LayerNorm instead of RMSNorm.</param>
    /// <param name="output">How its output is stored.</param>
    public static SelfTestCase Norm(KernelContext context, int width, bool layerNorm, ActivationType output)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(
            context.For("norm").SpreadOf("norm"), $"{width} {layerNorm} {output}", (bench, commands) =>
            {
                const int Count = 3;
                const float Epsilon = 1e-5f;
                (float[] x, float[] gain) = (bench.Values(Count * width), bench.Values(width));
                float[]? shift = layerNorm ? bench.Values(width) : null;
                GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(output, Count, width));
                new NormKernel(bench.Context).Record(
                    commands, bench.UploadRows(x, Count, width, ActivationType.F32), bench.Upload<float>(gain), y, Count, width, Epsilon,
                    output, shift is null ? default(BufferView?) : bench.Upload<float>(shift));
                bench.Expect(y, output, width, References.Norm(x, gain, shift, Epsilon), Tolerance);
            },
            $"norm_{Activations.VariantPart(output)}");
    }

    /// <summary>The middle of a feed-forward layer.</summary>
    /// <param name="context">The device.</param>
    /// <param name="function">The activation.</param>
    /// <param name="gated">Whether the input has a gate.</param>
    /// <param name="output">How its output is stored.</param>
    /// <param name="biased">Whether a bias is added first.</param>
    public static SelfTestCase Activate(
        KernelContext context, ActivationFunction function, bool gated, ActivationType output, bool biased = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(
            context.For("activate").SpreadOf("activate"), $"{function} {gated} {output}{(biased ? " biased" : "")}", (bench, commands) =>
            {
                const int Width = 300;
                float[] x = bench.Values(gated ? 2 * Width : Width);
                float[] bias = biased ? bench.Values(x.Length) : new float[x.Length];
                double[] sums = [.. x.Zip(bias, (value, added) => (double)value + added)];
                GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(output, 1, Width));
                new ActivateKernel(bench.Context).Record(
                    commands, bench.UploadRows(x, 1, x.Length, ActivationType.F32), y, 1, Width, function, gated,
                    biased ? bench.Upload<float>(bias) : default(BufferView?), outputType: output);
                bench.Expect(
                    y, output, Width,
                    [.. Enumerable.Range(0, Width).Select(i => References.Activate(function, sums[i]) * (gated ? sums[Width + i] : 1))],
                    Tolerance);
            },
            $"activate_f32_{Activations.VariantPart(output)}");
    }

    /// <summary>Learned positions, added to rows of a list and to the row of a decode step.</summary>
    /// <param name="context">The device.</param>
    /// <param name="width">Elements of a row.</param>
    public static IEnumerable<SelfTestCase> Positions(KernelContext context, int width)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (bool ofList in new[] { true, false })
        {
            yield return new(
                context.For("add_rows").SpreadOf("add_rows"), $"{width} {(ofList ? "list" : "step")}",
                (bench, commands) => Positions(bench, commands, width, ofList), "add_rows");
        }
    }

    /// <summary>A step some of whose tokens the host does not know.</summary>
    /// <param name="context">The device.</param>
    public static SelfTestCase Resolve(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(context.For("resolve_rows").SpreadOf("resolve_rows"), "", Resolve, "resolve_rows");
    }

    /// <summary>The most likely token: greedily, and drawn from one candidate.</summary>
    /// <param name="context">The device.</param>
    public static IEnumerable<SelfTestCase> Choose(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        yield return new(
            context.For("argmax").SpreadOf("argmax"), "", (bench, commands) => Choose(bench, commands, new StepState(), isGreedy: true),
            "argmax");
        yield return new(
            context.For("sample").SpreadOf("sample"), "",
            (bench, commands) => Choose(
                bench, commands, new StepState { Temperature = 1, TopK = 1, TopP = 1, TypicalP = 1, RepetitionPenalty = 1 },
                isGreedy: false),
            "sample_top", "sample_buckets", "sample");
    }

    private static void Positions(SelfTestBench bench, CommandList commands, int width, bool ofList)
    {
        const int FirstRow = 2;
        const int TableRows = 12;
        uint[] positions = ofList ? [9, 0, 4] : [7];
        float[] x = bench.Values(positions.Length * width);
        float[] table = bench.Values(TableRows * width);
        GpuBuffer y = bench.UploadRows(x, positions.Length, width, ActivationType.F32);
        GpuBuffer rows = bench.UploadRows(table, TableRows, width, ActivationType.F32);
        var kernel = new AddRowsKernel(bench.Context);
        if (ofList)
        {
            kernel.RecordPositions(
                commands, y, rows, TableRows, FirstRow,
                bench.Rows([.. positions.Select((position, row) => new RowEntry((uint)row, position, 0, 0))]), width, positions.Length);
        }
        else
        {
            kernel.RecordPosition(
                commands, y, rows, TableRows, FirstRow, bench.Upload(new StepState { Position = positions[0] }), width);
        }

        bench.Expect(
            y, ActivationType.F32, width,
            [.. x.Select((value, i) => (double)value + table[((FirstRow + positions[i / width]) * width) + (i % width)])], Tolerance);
    }

    private static void Resolve(SelfTestBench bench, CommandList commands)
    {
        const uint Token = 321;
        const uint Position = 17;
        GpuBuffer state = bench.Upload(new StepState { Position = Position, TokenId = Token });
        AttentionShape shape = new(1, 1, 64, 64, RopePairing.SplitHalf, 32, KvType.F32, 0.125f);
        SequenceTable sequences = bench.Own(new SequenceTable(bench.Context.Device, 2, isFixed: true));
        for (int i = 0; i < 2; i++)
        {
            sequences.Set(i, bench.Pages(shape).Keeps(bench.Zeros(commands, SoftmaxStats.SizeInBytes), state));
        }

        RowEntry[] plan = RowList.WithHead([new(0, 5, 0, 99), new(1, 6, 1, RowEntry.OfStepState), new(2, 7, 1, RowEntry.TokenOfStepState)]);
        GpuBuffer resolved = bench.Output(commands, RowList.SizeInBytes(plan.Length - 1));
        new ResolveRowsKernel(bench.Context).Record(commands, bench.Upload<RowEntry>(plan), sequences, resolved);
        uint[] expected = [3, 0, 0, 0, 0, 5, 0, 99, 1, Position, 1, Token, 2, 7, 1, Token];
        for (int i = 0; i < expected.Length; i++)
        {
            bench.ExpectWord(resolved.View(i * sizeof(uint), sizeof(uint)), expected[i]);
        }
    }

    private static void Choose(SelfTestBench bench, CommandList commands, StepState state, bool isGreedy)
    {
        const int Vocabulary = 5000;
        const int Best = 4321;
        float[] logits = bench.Values(Vocabulary);
        logits[Best] = 2;
        GpuBuffer ring = bench.Zeros(commands, StepState.RingSize * sizeof(uint));
        GpuBuffer scratch = bench.Zeros(commands, SamplerScratch.Bytes(Vocabulary, 1));
        var choice = new Choice { Logits = bench.Upload<float>(logits), StepState = bench.Upload(state), Ring = ring };
        ChoiceTable table = bench.Own(new ChoiceTable(bench.Context.Device, 1, BufferKind.DeviceLocal));
        table.Add(choice, isGreedy ? ChoiceFeatures.Greedy : ChoiceFeatures.Drawn);
        table.Write();
        var steps = new ChoiceSteps(table, 1, Vocabulary, scratch);
        steps.MayUse(choice);
        if (isGreedy)
        {
            new ArgmaxKernel(bench.Context).Record(commands, steps);
        }
        else
        {
            new SampleKernel(bench.Context).Record(commands, steps);
        }

        bench.ExpectWord(ring, Best);
    }
}

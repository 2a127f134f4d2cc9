using VkInfer.Kernels.Tests.Mlp;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Moe;

/// <summary>The parts of a mixture of experts against double precision.</summary>
public sealed class ExpertKernelTests : GpuTest
{
    private const int SeqLen = 5;

    [TestCase(1, 1)]
    [TestCase(8, 2)]
    [TestCase(7, 7)]
    [TestCase(128, 8)]
    public void Routes_to_the_greatest_logits(int experts, int used)
    {
        // Few different values, so that some are equal: the earlier expert comes first.
        float[] logits = [.. TestValues.Normal(SeqLen * experts, 1).Select(value => MathF.Round(2 * value) / 2)];
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(logits, SeqLen, experts, ActivationType.F32);
        GuardedBuffer chosen = harness.Output<uint>(new uint[SeqLen * used]);
        GuardedBuffer weights = harness.Output<float>(new float[SeqLen * used]);
        harness.Run(commands => new RouteKernel(harness.Context).Record(commands, input, chosen.View, weights.View, SeqLen, experts, used));

        var expected = new List<uint>();
        var expectedWeights = new List<double>();
        foreach (float[] row in logits.Chunk(experts))
        {
            int[] best = [.. Enumerable.Range(0, experts).OrderByDescending(expert => row[expert]).Take(used)];
            double sum = best.Sum(expert => Math.Exp(row[expert]));
            expected.AddRange(best.Select(expert => (uint)expert));
            expectedWeights.AddRange(best.Select(expert => Math.Exp(row[expert]) / sum));
        }

        Assert.That(chosen.Read<uint>(), Is.EqualTo(expected));
        Comparison.AssertClose(weights.Read<float>(), [.. expectedWeights], Bounds.F32);
    }

    [TestCase(WeightType.F32, 12, 20)]
    [TestCase(WeightType.F16, 192, 256)]
    [TestCase(WeightType.Q8_0, 32, 44)]
    [TestCase(WeightType.Q4_0, 64, 64)]
    public void Heads_have_matrices_of_their_own(WeightType type, int columns, int inputHead)
    {
        const int Heads = 3, Height = 17, OutputHead = 24;
        TestWeights w = TestWeights.Create(type, Heads * Height, columns, 7);
        int inputWidth = (Heads * inputHead) + 5;
        float[] x = TestValues.Normal(SeqLen * inputWidth, 8);
        using var harness = new KernelHarness();
        WeightMatrix matrix = w.Upload(harness);
        GpuBuffer input = harness.UploadActivations(x, SeqLen, inputWidth, ActivationType.F32);
        float[] before = TestValues.Normal(SeqLen * Heads * OutputHead, 9);
        GuardedBuffer output = harness.OutputActivations(before, SeqLen, Heads * OutputHead, ActivationType.F32);
        harness.Run(commands => new ExpertKernel(harness.Context).RecordHeads(
            commands, matrix, new HeadRows(input, inputWidth, inputHead), new HeadRows(output.View, Heads * OutputHead, OutputHead), SeqLen,
            Heads));
        double[] expected = [.. before.Select((old, at) =>
        {
            (int row, int head, int i) = (at / (Heads * OutputHead), at / OutputHead % Heads, at % OutputHead);
            return i >= Height ? old : Enumerable.Range(0, columns).Sum(
                k => w.Values[(((head * Height) + i) * columns) + k] * x[(row * inputWidth) + (head * inputHead) + k]);
        })];
        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, SeqLen, Heads * OutputHead, ActivationType.F32), expected, Bounds.F32);
    }

    [Test]
    public void Routes_by_scores_with_a_bias_in_the_best_groups(
        [Values(RouterScore.SoftmaxOfChosen, RouterScore.Softmax, RouterScore.Sigmoid)] RouterScore score, [Values] bool normalises,
        [Values(1, 2)] int groupsUsed, [Values] bool isScaled)
    {
        const int Experts = 12, Used = 3, Groups = 4;
        var rule = new RouterRule(score, normalises, 2.5f, groupsUsed == 1 ? 1 : Groups, groupsUsed);
        float[] logits = TestValues.Normal(SeqLen * Experts, 5);
        float[] bias = TestValues.Normal(Experts, 6);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(logits, SeqLen, Experts, ActivationType.F32);
        GuardedBuffer chosen = harness.Output<uint>(new uint[SeqLen * Used]);
        GuardedBuffer weights = harness.Output<float>(new float[SeqLen * Used]);
        GpuBuffer biases = harness.Upload<float>(bias);
        float[] scales = TestValues.Normal(Experts, 7);
        BufferView? factors = isScaled ? (BufferView)harness.Upload<float>(scales) : null;
        harness.Run(commands => new RouteKernel(harness.Context).Record(
            commands, input, chosen.View, weights.View, SeqLen, Experts, Used, rule, biases, factors));

        var expected = new List<uint>();
        var expectedWeights = new List<double>();
        foreach (float[] row in logits.Chunk(Experts))
        {
            double all = row.Sum(logit => Math.Exp(logit));
            double[] scores = [.. row.Select(logit => score == RouterScore.Sigmoid ? 1 / (1 + Math.Exp(-logit))
                : score == RouterScore.Softmax ? Math.Exp(logit) / all : logit)];
            double[] choices = [.. scores.Zip(bias, (own, more) => own + more)];
            int[] best = [.. Enumerable.Range(0, Experts).Chunk(Experts / rule.Groups)
                .OrderByDescending(group => group.Select(expert => choices[expert]).OrderDescending().Take(2).Sum()).Take(groupsUsed)
                .SelectMany(group => group).OrderByDescending(expert => choices[expert]).Take(Used)];
            double[] own = [.. best.Select(expert => score == RouterScore.SoftmaxOfChosen ? Math.Exp(row[expert]) : scores[expert])];
            double divisor = normalises || score == RouterScore.SoftmaxOfChosen ? own.Sum() : 1;
            expected.AddRange(best.Select(expert => (uint)expert));
            expectedWeights.AddRange(own.Select((weight, i) => 2.5 * weight / divisor * (isScaled ? scales[best[i]] : 1)));
        }

        Assert.That(chosen.Read<uint>(), Is.EqualTo(expected));
        Comparison.AssertClose(weights.Read<float>(), [.. expectedWeights], Bounds.F32);
    }

    [TestCase(16, 2, 0.01f)]
    [TestCase(5, 2, 0.4f)]
    [TestCase(67, 3, 0.2f)]
    public void Weighs_by_the_softmax_of_those_that_are_close_to_the_greatest(int experts, int used, float jitter)
    {
        var rule = new RouterRule(RouterScore.SparseMixer, Normalises: false, Jitter: jitter);
        float[] logits = TestValues.Normal(SeqLen * experts, 8);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(logits, SeqLen, experts, ActivationType.F32);
        GuardedBuffer chosen = harness.Output<uint>(new uint[SeqLen * used]);
        GuardedBuffer weights = harness.Output<float>(new float[SeqLen * used]);
        harness.Run(commands =>
            new RouteKernel(harness.Context).Record(commands, input, chosen.View, weights.View, SeqLen, experts, used, rule));

        var expected = new List<uint>();
        var expectedWeights = new List<double>();
        foreach (float[] row in logits.Chunk(experts))
        {
            // As it is defined: the greatest is taken, again and again, and those that are not close to it are masked.
            double[] left = [.. row];
            for (int i = 0; i < used; i++)
            {
                double greatest = left.Max();
                int best = Array.IndexOf(left, greatest);
                double[] close = [.. left.Where((logit, e) => double.IsFinite(logit)
                    && (greatest - logit) / Math.Max(Math.Abs(row[e]), greatest) <= 2.0 * jitter)];
                expected.Add((uint)best);
                expectedWeights.Add(1 / close.Sum(logit => Math.Exp(logit - greatest)));
                left[best] = double.NegativeInfinity;
            }
        }

        Assert.That(chosen.Read<uint>(), Is.EqualTo(expected));
        Comparison.AssertClose(weights.Read<float>(), [.. expectedWeights], Bounds.F32);
    }

    [Test]
    public void A_logit_that_is_no_number_chooses_an_expert_that_exists()
    {
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations([float.NaN, float.NaN, float.NaN], 1, 3, ActivationType.F32);
        GuardedBuffer chosen = harness.Output<uint>(new uint[2]);
        GuardedBuffer weights = harness.Output<float>(new float[2]);
        harness.Run(commands => new RouteKernel(harness.Context).Record(commands, input, chosen.View, weights.View, 1, 3, 2));
        Assert.That(chosen.Read<uint>(), Is.All.LessThan(3));
    }

    [Test]
    public void Multiplies_each_token_with_its_experts([Values] WeightType type)
    {
        const int Experts = 3, Used = 2, Width = 37;
        int columns = TestWeights.WholeBlocks(type, 96);
        uint[] choice = [.. Enumerable.Range(0, SeqLen * Used).Select(i => (uint)(i * 7 % Experts))];
        using var gateUp = PackedWeights.Random(Device, type, 2 * Experts * Width, columns, 1);
        using var down = PackedWeights.Random(Device, type, Experts * Width, columns, 2);
        using var alone = PackedWeights.Random(Device, type, Experts * Width, columns, 5);
        float[] tokens = TestValues.Normal(SeqLen * columns, 3);
        float[] pairs = TestValues.Normal(SeqLen * Used * columns, 4);
        using var harness = new KernelHarness();
        GpuBuffer x = harness.UploadActivations(tokens, SeqLen, columns, ActivationType.F32);
        GpuBuffer mlp = harness.UploadActivations(pairs, SeqLen * Used, columns, ActivationType.F32);
        GpuBuffer chosen = harness.Upload<uint>(choice);
        GuardedBuffer gated = harness.OutputActivations(SeqLen * Used, Width, ActivationType.F32);
        GuardedBuffer activated = harness.OutputActivations(SeqLen * Used, Width, ActivationType.F32);
        GuardedBuffer plain = harness.OutputActivations(SeqLen * Used, Width, ActivationType.F32);
        harness.Run(commands =>
        {
            var kernel = new ExpertKernel(harness.Context);
            kernel.RecordGated(commands, gateUp.Matrix, x, chosen, gated.View, SeqLen, Experts, Used, ActivationFunction.Silu);
            kernel.RecordActivated(
                commands, alone.Matrix, x, chosen, activated.View, SeqLen, Experts, Used, ActivationFunction.ReluSquared);
            kernel.RecordDown(commands, down.Matrix, mlp, chosen, plain.View, SeqLen, Experts, Used);
        });

        var expectedGated = new List<double>();
        var expectedActivated = new List<double>();
        var expectedPlain = new List<double>();
        for (int pair = 0; pair < SeqLen * Used; pair++)
        {
            int first = (int)choice[pair] * Width;
            double[] token = [.. tokens.Skip(pair / Used * columns).Take(columns).Select(value => (double)value)];
            double[] ofToken = gateUp.Multiply(token);
            double[] ofAlone = alone.Multiply(token);
            double[] ofPair = down.Multiply([.. pairs.Skip(pair * columns).Take(columns).Select(value => (double)value)]);
            expectedGated.AddRange(Enumerable.Range(first, Width).Select(row =>
                ReferenceActivation.Apply(ActivationFunction.Silu, ofToken[row]) * ofToken[(Experts * Width) + row]));
            expectedActivated.AddRange(Enumerable.Range(first, Width).Select(
                row => ReferenceActivation.Apply(ActivationFunction.ReluSquared, ofAlone[row])));
            expectedPlain.AddRange(ofPair.AsSpan(first, Width).ToArray());
        }

        Bound bound = GemvForms.BoundOf(type);
        Comparison.AssertClose(
            KernelHarness.ReadActivations(gated, SeqLen * Used, Width, ActivationType.F32), [.. expectedGated], bound, "gated");
        Comparison.AssertClose(
            KernelHarness.ReadActivations(activated, SeqLen * Used, Width, ActivationType.F32), [.. expectedActivated], bound, "activated");
        Comparison.AssertClose(
            KernelHarness.ReadActivations(plain, SeqLen * Used, Width, ActivationType.F32), [.. expectedPlain], bound, "plain");
    }

    [Test]
    public void Adds_the_weighted_outputs([Values(1, 3)] int used, [Values(1, 111)] int width, [Values] bool accumulates)
    {
        float[] outputs = TestValues.Normal(SeqLen * used * width, 1);
        float[] weights = TestValues.Normal(SeqLen * used, 2);
        float[] before = TestValues.Normal(SeqLen * width, 3);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(outputs, SeqLen * used, width, ActivationType.F32);
        GpuBuffer factors = harness.Upload<float>(weights);
        GuardedBuffer y = harness.OutputActivations(before, SeqLen, width, ActivationType.F32);
        harness.Run(commands => new CombineKernel(harness.Context).Record(
            commands, input, factors, y.View, SeqLen, used, width, accumulates));
        double[] expected =
        [
            .. before.Select(
                (value, i) => (accumulates ? value : 0)
                    + Enumerable.Range(i / width * used, used).Sum(pair => (double)weights[pair] * outputs[(pair * width) + (i % width)])),
        ];
        Comparison.AssertClose(KernelHarness.ReadActivations(y, SeqLen, width, ActivationType.F32), expected, Bounds.F32);
    }
}

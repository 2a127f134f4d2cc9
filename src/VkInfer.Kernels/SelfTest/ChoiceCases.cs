using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Cases of what may happen around the choice of a token: penalties, biases and masks before, log-probabilities behind it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ChoiceCases
{
    private const int Vocabulary = 5000;

    // Single operations, and sums of thousands of exponentials in float32: 1e-5.
    private const double Tolerance = 1e-3;

    /// <summary>All of them. The kernels have one form each: one that fails is refused when it is asked for.</summary>
    /// <param name="context">The device.</param>
    public static IEnumerable<SelfTestCase> All(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new[]
        {
            new SelfTestCase(AdjustLogitsKernel.Variant, "", Adjust, AdjustLogitsKernel.Variant),
            new SelfTestCase(TokenHistoryKernel.Variant, "", Count, TokenHistoryKernel.Variant),
            new SelfTestCase(
                LogProbabilitiesKernel.Variant, "", LogProbabilities, LogProbabilitiesKernel.Variant, LogProbabilitiesKernel.SliceVariant),
        }.Where(each => !context.Forms.IsLeftOut(each.Form));
    }

    private static void Adjust(SelfTestBench bench, CommandList commands)
    {
        var state = new StepState
        {
            Adjustments = LogitAdjustments.Penalties | LogitAdjustments.Bias | LogitAdjustments.Mask,
            RepetitionPenalty = 1.5f,
            FrequencyPenalty = 0.25f,
            PresencePenalty = 0.5f,
        };
        (float[] logits, float[] biases) = (bench.Values(Vocabulary), bench.Values(Vocabulary));
        uint[] counts = [.. Enumerable.Range(0, Vocabulary).Select(token => (uint)token % 3)];
        uint[] mask = new uint[AdjustLogitsKernel.MaskBytes(Vocabulary) / sizeof(uint)];
        Array.Fill(mask, uint.MaxValue);
        const int Masked = 77;
        mask[Masked / 32] &= ~(1u << (Masked % 32));
        biases[Vocabulary - 1] = float.NegativeInfinity;
        GpuBuffer adjusted = bench.Output(commands, Vocabulary * sizeof(float));
        var choice = new Choice
        {
            Logits = bench.Upload<float>(logits),
            StepState = bench.Upload(state),
            Counts = bench.Upload<uint>(counts),
            Biases = bench.Upload<float>(biases),
            Mask = bench.Upload<uint>(mask),
            Adjusted = adjusted,
        };
        new AdjustLogitsKernel(bench.Context).Record(commands, Steps(bench, commands, choice, ChoiceFeatures.Adjusted));
        double[] expected =
        [
            .. Enumerable.Range(0, Vocabulary).Select(token =>
            {
                double logit = logits[token];
                logit = counts[token] == 0 ? logit : (logit > 0 ? logit / 1.5 : logit * 1.5) - (counts[token] * 0.25) - 0.5;
                return logit + biases[token];
            }),
        ];
        bench.ExpectDense(adjusted.View(0, Masked * sizeof(float)), ActivationType.F32, expected[..Masked], Tolerance);
        bench.ExpectWord(Word(adjusted, Masked), 0xFF80_0000);
        bench.ExpectWord(Word(adjusted, Vocabulary - 1), 0xFF80_0000);
    }

    // The third token of a window of two.
    private static void Count(SelfTestBench bench, CommandList commands)
    {
        const uint Token = 7;
        const uint Oldest = 3;
        GpuBuffer counts = bench.Upload<uint>([0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
        GpuBuffer history = bench.Upload<uint>([Oldest, 4]);
        var choice = new Choice
        {
            StepState = bench.Upload(new StepState { Position = 2, TokenId = Token, PenaltyWindow = 2 }),
            Counts = counts,
            History = history,
        };
        new TokenHistoryKernel(bench.Context).Record(commands, Steps(bench, commands, choice, ChoiceFeatures.Counted));
        bench.ExpectWord(Word(counts, (int)Oldest), 0);
        bench.ExpectWord(Word(counts, 4), 1);
        bench.ExpectWord(Word(counts, (int)Token), 1);
        bench.ExpectWord(history, Token);
    }

    private static void LogProbabilities(SelfTestBench bench, CommandList commands)
    {
        const int Chosen = 1234;
        const int Best = 4321;
        float[] logits = bench.Values(Vocabulary);
        logits[Best] = 3;
        var state = new StepState { TokenId = Chosen, StepIndex = 1, Alternatives = 1 };
        GpuBuffer entries = bench.Output(commands, StepState.RingSize * LogProbabilitiesKernel.EntryWords * sizeof(uint));
        var choice = new Choice { Logits = bench.Upload<float>(logits), StepState = bench.Upload(state), Entries = entries };
        new LogProbabilitiesKernel(bench.Context).Record(
            commands, Steps(bench, commands, choice, ChoiceFeatures.LogProbabilities),
            bench.Zeros(commands, LogProbabilitiesKernel.SlicesBytes(Vocabulary, 1)));
        double normalizer = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        bench.ExpectDense(entries.View(0, sizeof(float)), ActivationType.F32, [logits[Chosen] - normalizer], Tolerance);
        bench.ExpectWord(Word(entries, 1), Best);
        bench.ExpectDense(
            Word(entries, 1 + LogProbabilitiesKernel.MaxAlternatives), ActivationType.F32, [logits[Best] - normalizer], Tolerance);
    }

    private static ChoiceSteps Steps(SelfTestBench bench, CommandList commands, in Choice choice, ChoiceFeatures features)
    {
        ChoiceTable table = bench.Own(new ChoiceTable(bench.Context.Device, 1, BufferKind.DeviceLocal));
        table.Add(choice, features);
        table.Write();
        var steps = new ChoiceSteps(table, 1, Vocabulary, bench.Zeros(commands, SamplerScratch.Bytes(Vocabulary, 1)));
        steps.MayUse(choice);
        return steps;
    }

    private static BufferView Word(GpuBuffer buffer, int index) => buffer.View((long)index * sizeof(uint), sizeof(uint));
}

using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of the choice of experts, by every rule.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class RouterCases
{
    private const int Tokens = 3;

    // A few exponentials, and sums over experts.
    private const double Tolerance = 1e-3;

    /// <summary>A case of each score, with and without groups, biases and factors.</summary>
    /// <param name="context">The device.</param>
    public static IEnumerable<SelfTestCase> Usual(KernelContext context) =>
    [
        Choice(context, RouterRule.OfChosen, 70, 2),
        Choice(context, new RouterRule(RouterScore.Softmax, Normalises: false), 64, 6, isScaled: true),
        Choice(context, new RouterRule(RouterScore.Sigmoid, Scale: 2.5f, Groups: 8, GroupsUsed: 4), 64, 6, isBiased: true),
        Choice(context, new RouterRule(RouterScore.SparseMixer, Normalises: false, Jitter: 0.01f), 16, 2),
    ];

    /// <summary>The choice of a few tokens' experts.</summary>
    /// <param name="context">The device.</param>
    /// <param name="rule">How they are chosen.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="isBiased">Whether the choice has biases.</param>
    /// <param name="isScaled">Whether weights have factors.</param>
    public static SelfTestCase Choice(
        KernelContext context, RouterRule rule, int experts, int used, bool isBiased = false, bool isScaled = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        string detail = $"{used} of {experts}, {rule.GroupsUsed} of {rule.Groups} groups, {rule.Score}"
            + $"{(rule.Normalises ? " normalised" : "")}{(isBiased ? " biased" : "")}{(isScaled ? " scaled" : "")}";
        return new(
            context.For("route").SpreadOf("route"), detail,
            (bench, commands) => Choose(bench, commands, rule, experts, used, isBiased, isScaled), "route");
    }

    private static void Choose(
        SelfTestBench bench, CommandList commands, RouterRule rule, int experts, int used, bool isBiased, bool isScaled)
    {
        float[] logits = [.. bench.Values(Tokens * experts).Select(value => 4 * value)];
        float[]? bias = isBiased ? bench.Values(experts) : null;
        float[]? scales = isScaled ? bench.Values(experts) : null;
        GpuBuffer chosen = bench.Output(commands, Tokens * used * sizeof(uint));
        GpuBuffer weights = bench.Output(commands, Tokens * used * sizeof(float));
        new RouteKernel(bench.Context).Record(
            commands, bench.UploadRows(logits, Tokens, experts, ActivationType.F32), chosen, weights, Tokens, experts, used, rule,
            Upload(bench, bias), Upload(bench, scales));
        (int Expert, double Weight)[] expected =
        [
            .. Enumerable.Range(0, Tokens).SelectMany(
                token => Reference(logits.AsSpan(token * experts, experts).ToArray(), rule, used, bias, scales)),
        ];
        for (int i = 0; i < expected.Length; i++)
        {
            bench.ExpectWord(chosen.View(i * sizeof(uint), sizeof(uint)), (uint)expected[i].Expert);
        }

        bench.ExpectDense(weights, ActivationType.F32, [.. expected.Select(each => each.Weight)], Tolerance);
    }

    private static (int Expert, double Weight)[] Reference(float[] logits, RouterRule rule, int used, float[]? bias, float[]? scales)
    {
        double greatest = logits.Max();
        double all = logits.Sum(logit => Math.Exp(logit - greatest));
        double Score(int expert) => rule.Score switch
        {
            RouterScore.Softmax => Math.Exp(logits[expert] - greatest) / all,
            RouterScore.Sigmoid => 1 / (1 + Math.Exp(-logits[expert])),
            _ => logits[expert],
        };
        double[] choices = [.. Enumerable.Range(0, logits.Length).Select(expert => Score(expert) + (bias?[expert] ?? 0))];
        int groups = Math.Max(rule.Groups, 1);
        int[] kept =
        [
            .. choices.Chunk(choices.Length / groups).Index().OrderByDescending(group => group.Item.OrderDescending().Take(2).Sum())
                .Take(groups == 1 ? 1 : rule.GroupsUsed).Select(group => group.Index),
        ];
        int[] chosen =
        [
            .. Enumerable.Range(0, choices.Length).Where(expert => kept.Contains(expert / (choices.Length / groups)))
                .OrderByDescending(expert => choices[expert]).Take(used),
        ];
        double[] weights =
        [
            .. chosen.Select((expert, rank) => rule.Score switch
            {
                RouterScore.SoftmaxOfChosen => Math.Exp(logits[expert]),
                RouterScore.SparseMixer => MixerWeight(logits, chosen[..rank], logits[expert], rule.Jitter),
                _ => Score(expert),
            }),
        ];
        double sum = rule.Normalises || rule.Score == RouterScore.SoftmaxOfChosen ? weights.Sum() : 1;
        return [.. chosen.Zip(weights, (expert, weight) => (expert, weight * (scales?[expert] ?? 1) / sum * rule.Scale))];
    }

    // The softmax of a logit among those that are left and close to it.
    private static double MixerWeight(float[] logits, int[] before, double greatest, double jitter) =>
        1 / logits.Where((logit, expert) =>
            !before.Contains(expert) && greatest - logit <= 2 * jitter * Math.Max(Math.Abs(logit), greatest))
            .Sum(logit => Math.Exp(logit - greatest));

    private static BufferView? Upload(SelfTestBench bench, float[]? values) =>
        values is null ? null : (BufferView)bench.Upload<float>(values);
}

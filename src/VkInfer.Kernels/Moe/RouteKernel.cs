using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What experts are chosen by, and what their weights are made of. The values are those of <c>moe/route.comp</c>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum RouterScore
{
    /// <summary>The router's logits; weights are the softmax of the chosen ones (Jiang et al., "Mixtral of Experts").</summary>
    SoftmaxOfChosen,

    /// <summary>The softmax over all experts (Shazeer et al. 2017).</summary>
    Softmax,

    /// <summary>The sigmoid of each logit (DeepSeek-V3).</summary>
    Sigmoid,

    /// <summary>
    /// The router's logits; the weight of each chosen one is its softmax among those behind the ones chosen before that are at most
    /// twice <see cref="RouterRule.Jitter"/> below it, relative to the greater of both magnitudes (SparseMixer-v2; Liu et al. 2024,
    /// "GRIN: GRadient-INformed MoE").
    /// </summary>
    SparseMixer,
}

/// <summary>How a router chooses and weighs.</summary>
/// <param name="Score">What experts are chosen by.</param>
/// <param name="Normalises">Whether weights are divided by their sum.</param>
/// <param name="Scale">Factor of the weights at last.</param>
/// <param name="Groups">Groups of neighbouring experts, as many each; at most 1: none.</param>
/// <param name="GroupsUsed">Groups that a token's experts are in: those whose two best experts are best together.</param>
/// <param name="Jitter">The noise of the training, of <see cref="RouterScore.SparseMixer"/>.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct RouterRule(
    RouterScore Score = RouterScore.SoftmaxOfChosen, bool Normalises = true, float Scale = 1, int Groups = 1, int GroupsUsed = 1,
    float Jitter = 0)
{
    /// <summary>The softmax of the chosen logits, which is that of all logits where weights are divided by their sum.</summary>
    public static RouterRule OfChosen { get; } = new(RouterScore.SoftmaxOfChosen);
}

/// <summary>The router of a mixture of experts: which experts each token goes to, and their weights. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class RouteKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("route").Threads(64);

    /// <summary>Records the choice for every token.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="logits">float32 [seqLen, Stride(experts)].</param>
    /// <param name="chosen">Output, uint32 [seqLen, used]: experts, all below <paramref name="experts"/>, the greatest first.</param>
    /// <param name="weights">Output, float32 [seqLen, used].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="rule">How they are chosen; null: by the softmax of the chosen logits.</param>
    /// <param name="bias">float32 [experts], if given: added to scores for the choice, and not for the weights.</param>
    /// <param name="scales">float32 [experts], if given: factors of the experts' weights.</param>
    /// <exception cref="ArgumentException">
    /// A view is too short, a token goes to more experts than there are (in its groups), groups are not of one size, or
    /// <see cref="RouterScore.SparseMixer"/> has groups or a bias.
    /// </exception>
    public void Record(
        CommandList commands, BufferView logits, BufferView chosen, BufferView weights, int seqLen, int experts, int used,
        RouterRule? rule = null, BufferView? bias = null, BufferView? scales = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentOutOfRangeException.ThrowIfLessThan(used, 1);
        RouterRule how = rule ?? RouterRule.OfChosen;
        (int groups, int groupsUsed) = (Math.Max(how.Groups, 1), Math.Max(how.GroupsUsed, 1));
        if (experts % groups != 0 || groupsUsed > groups)
        {
            throw new ArgumentException($"router: {groupsUsed} of {groups} groups of {experts} experts", nameof(rule));
        }

        if (how.Score == RouterScore.SparseMixer && (groups > 1 || bias.HasValue))
        {
            throw new ArgumentException($"router: {how.Score} with groups or a bias", nameof(rule));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(used, experts / groups * groupsUsed);
        logits = Activations.Require(nameof(logits), logits, ActivationType.F32, seqLen, experts);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            context.GetPipeline("route", Constants(experts, how, bias.HasValue, scales.HasValue).ToSpecialization()),
            ((uint)seqLen, 1, 1),
            new RoutePush(
                (uint)Activations.Stride(experts), (uint)used, (uint)groups, (uint)groupsUsed, how.Scale, how.Jitter, ChainPush.Of(link)),
            [
                logits,
                Activations.Require(nameof(chosen), chosen, 4L * seqLen * used),
                Activations.Require(nameof(weights), weights, 4L * seqLen * used),
                bias is { } added ? Activations.Require(nameof(bias), added, 4L * experts) : logits,
                scales is { } factors ? Activations.Require(nameof(scales), factors, 4L * experts) : logits,
            ],
            link: link);
    }

    internal RouteConstants Constants(int experts, RouterRule rule, bool biased, bool scaled = false) =>
        new(Threads, experts, rule.Score, biased, rule.Groups > 1 && rule.GroupsUsed < rule.Groups, rule.Normalises, scaled,
            context.Capabilities.MinSubgroupSize);
}

/// <summary>Specialisation constants of <c>moe/route.comp</c>.</summary>
internal readonly record struct RouteConstants(
    int Threads, int Experts, RouterScore Score, bool Biased, bool Grouped, bool Normalised, bool Scaled,
    int Lanes) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } =
        ["WORKGROUP_SIZE", "EXPERTS", "SCORE", "BIASED", "GROUPED", "NORMALISED", "SCALED", "LANES"];

    public static string Source => "moe/route.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)Experts), (2, (uint)Score), (3, SpecializationConstants.Bits(Biased)),
        (4, SpecializationConstants.Bits(Grouped)), (5, SpecializationConstants.Bits(Normalised)),
        (6, SpecializationConstants.Bits(Scaled)), (7, (uint)Lanes));
}

/// <summary>Push constants of <c>push/route.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RoutePush(
    uint Stride, uint Used, uint Groups, uint GroupsUsed, float Scale, float Jitter, ChainPush Chain);

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The feed-forward layers of a mixture of experts for many tokens: pairs of a token and an expert are put into the order of their experts,
/// on the device, and each expert's weights meet all of its tokens in tiles of a matrix product. Each pair has an output row of its own,
/// so that results depend on no order. Workgroups are as many as tiles at worst, and those without a tile end at once: they cost less than
/// an indirect dispatch, which other commands would have to wait for, and a recording serves any choice. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GroupedGemmKernel(KernelContext context)
{
    private readonly GemmKernel _gemm = new(context);

    internal int Threads { get; } = context.For("group").Threads(256);

    /// <summary>
    /// How products of both take their input: float16, for the matrix units, where both prefer it and the first may store it.
    /// </summary>
    /// <param name="gateUp">[2 · experts · width, K].</param>
    /// <param name="down">[experts · width, K].</param>
    public ActivationType PreferredInput(WeightMatrix gateUp, WeightMatrix down) =>
        _gemm.PreferredInput(gateUp) == ActivationType.F16 && _gemm.CanStoreF16(gateUp.Type)
            ? _gemm.PreferredInput(down)
            : ActivationType.F32;

    /// <summary>
    /// How so many tokens are grouped; null where <see cref="ExpertKernel"/> is better for them, or every form for it is left out.
    /// </summary>
    /// <param name="gateUp">[2 · experts · width, K]: the gates of all experts, then all ups.</param>
    /// <param name="down">[experts · width, K].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="used">How many a token goes to.</param>
    public ExpertGrouping? Choose(WeightMatrix gateUp, WeightMatrix down, int seqLen, int experts, int used)
    {
        ArgumentNullException.ThrowIfNull(gateUp);
        ArgumentNullException.ThrowIfNull(down);
        if (!context.IsBatchInvariant && !GroupedHeuristic.Pays(seqLen * used, experts))
        {
            return null;
        }

        WeightMatrix[] both = [gateUp, down];
        long range = both.Max(w => Math.Max(w.Quants.Length, w.Scales.Length));
        ActivationType input = PreferredInput(gateUp, down);
        return range <= context.Capabilities.MaxStorageBufferRange
            && Tiling(gateUp.Type, down.Type, input, seqLen * used, experts, gateUp.Rows / experts, gateUp.Columns) is { } tiling
                ? new ExpertGrouping(tiling, seqLen, experts, used)
                : null;
    }

    /// <summary>The tiling for weights of both types; null where none fits, or it is left out.</summary>
    internal IGroupedGemmTiling? Tiling(WeightType gateUp, WeightType down, ActivationType input, int pairs, int experts, int n, int k)
    {
        DeviceCapabilities besideUp = WeightFormat.Of(gateUp).BesideCodebook(context.Capabilities);
        DeviceCapabilities capabilities = WeightFormat.Of(down).BesideCodebook(besideUp);
        return GroupedHeuristic.Choose(context, capabilities, input, pairs, experts, n, k) is { } tiling
            && !IsLeftOut(gateUp, tiling) && !IsLeftOut(down, tiling)
                ? tiling
                : null;
    }

    /// <summary>The form of grouped products, as <see cref="KernelForms"/> knows it.</summary>
    internal static string FormOf(WeightType type, IGroupedGemmTiling tiling) => $"{GemmKernel.FormOf(type, tiling)}/grouped";

    /// <summary>Records the order of the pairs.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="grouping">How they are grouped.</param>
    /// <param name="chosen">uint32 [seqLen, used]: experts, each below experts.</param>
    /// <param name="groups">Receives it.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordGroups(CommandList commands, ExpertGrouping grouping, BufferView chosen, ExpertGroups groups)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(grouping);
        commands.Dispatch(
            context.GetPipeline("group", new GroupConstants(Threads, grouping.Experts).ToSpecialization()),
            ((uint)grouping.Experts, 1, 1),
            new GroupPush((uint)grouping.Pairs, (uint)grouping.Tiling.BlockM),
            [Activations.Require(nameof(chosen), chosen, 4L * grouping.Pairs), OrderOf(grouping, groups), TilesOf(grouping, groups)]);
    }

    /// <summary>Records y = f(gate x) · (up x) for every pair.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="grouping">How they are grouped.</param>
    /// <param name="groups">Their order.</param>
    /// <param name="gateUp">[2 · experts · width, K]: the gates of all experts, then all ups.</param>
    /// <param name="x">[seqLen, KPadded] of <see cref="ExpertGrouping.Input"/>.</param>
    /// <param name="y">Output, [seqLen · used, Stride(width)] of the same type; float16 saturates at ±65504.</param>
    /// <param name="activation">f; not none.</param>
    /// <param name="bias">float32, one for each row of <paramref name="gateUp"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short, or there is no f.</exception>
    public void RecordGated(
        CommandList commands, ExpertGrouping grouping, ExpertGroups groups, WeightMatrix gateUp, BufferView x, BufferView y,
        ActivationFunction activation, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(gateUp);
        ArgumentNullException.ThrowIfNull(grouping);
        ArgumentOutOfRangeException.ThrowIfEqual(activation, ActivationFunction.None);
        int width = gateUp.Rows / grouping.Experts / 2;
        Record(
            commands, grouping, groups, gateUp, Activations.Require(nameof(x), x, grouping.Input, grouping.SeqLen, gateUp.Columns),
            grouping.Used, Activations.Require(nameof(y), y, grouping.Input, grouping.Pairs, width), grouping.Input, width,
            new GroupedEnd(activation, IsGated: true, bias.HasValue), bias);
    }

    /// <summary>Records y = f(up x) for every pair, where experts have no gates.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="grouping">How they are grouped.</param>
    /// <param name="groups">Their order.</param>
    /// <param name="up">[experts · width, K].</param>
    /// <param name="x">[seqLen, KPadded] of <see cref="ExpertGrouping.Input"/>.</param>
    /// <param name="y">Output, [seqLen · used, Stride(width)] of the same type; float16 saturates at ±65504.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32, one for each row of <paramref name="up"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordActivated(
        CommandList commands, ExpertGrouping grouping, ExpertGroups groups, WeightMatrix up, BufferView x, BufferView y,
        ActivationFunction activation, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(up);
        ArgumentNullException.ThrowIfNull(grouping);
        int width = up.Rows / grouping.Experts;
        Record(
            commands, grouping, groups, up, Activations.Require(nameof(x), x, grouping.Input, grouping.SeqLen, up.Columns), grouping.Used,
            Activations.Require(nameof(y), y, grouping.Input, grouping.Pairs, width), grouping.Input, width,
            new GroupedEnd(activation, IsGated: false, bias.HasValue), bias);
    }

    /// <summary>Records y = down x for every pair.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="grouping">How they are grouped.</param>
    /// <param name="groups">Their order.</param>
    /// <param name="down">[experts · width, K].</param>
    /// <param name="x">[seqLen · used, KPadded] of <see cref="ExpertGrouping.Input"/>.</param>
    /// <param name="y">Output, float32 [seqLen · used, Stride(width)].</param>
    /// <param name="bias">float32, one for each row of <paramref name="down"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordDown(
        CommandList commands, ExpertGrouping grouping, ExpertGroups groups, WeightMatrix down, BufferView x, BufferView y,
        BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(down);
        ArgumentNullException.ThrowIfNull(grouping);
        int width = down.Rows / grouping.Experts;
        Record(
            commands, grouping, groups, down, Activations.Require(nameof(x), x, grouping.Input, grouping.Pairs, down.Columns), 1,
            Activations.Require(nameof(y), y, ActivationType.F32, grouping.Pairs, width), ActivationType.F32, width,
            new GroupedEnd(ActivationFunction.None, IsGated: false, bias.HasValue), bias);
    }

    private void Record(
        CommandList commands, ExpertGrouping grouping, ExpertGroups groups, WeightMatrix w, BufferView a, int pairsPerRow, BufferView c,
        ActivationType outputType, int width, GroupedEnd end, BufferView? bias)
    {
        ArgumentNullException.ThrowIfNull(commands);
        IGroupedGemmTiling tiling = grouping.Tiling;
        int columns = end.IsGated ? tiling.BlockN / 2 : tiling.BlockN;
        int rows = w.Rows / grouping.Experts;
        if (commands.IsProfiled)
        {
            commands.Describe(new DispatchWork(
                $"{grouping.Pairs} x {rows} x {w.Columns} of {grouping.Experts}", Operations: 2L * grouping.Pairs * rows * w.Columns));
        }

        commands.Dispatch(
            context.GetPipeline(
                GemmKernel.Variant(w.Type, tiling, outputType), tiling.ToGroupedSpecialization(end), tiling.SubgroupSize,
                fullSubgroups: tiling.SubgroupSize is not null),
            ((uint)grouping.MostTiles, (uint)((width + columns - 1) / columns), 1),
            new GemmPush(
                (uint)grouping.Pairs, (uint)rows, (uint)w.KPadded, (uint)Activations.Stride(width), 0, (uint)grouping.Experts,
                (uint)pairsPerRow),
            [
                w.Quants, w.Scales, a, c, TilesOf(grouping, groups), OrderOf(grouping, groups),
                bias is { } added ? Activations.Require(nameof(bias), added, 4L * w.Rows) : a, c, c,
            ]);
    }

    private static BufferView OrderOf(ExpertGrouping grouping, ExpertGroups groups) =>
        Activations.Require(nameof(groups), groups.Order, ExpertGroups.OrderBytes(grouping.Pairs));

    private static BufferView TilesOf(ExpertGrouping grouping, ExpertGroups groups) =>
        Activations.Require(nameof(groups), groups.Tiles, ExpertGroups.TileBytes(grouping.Pairs));

    private bool IsLeftOut(WeightType type, IGroupedGemmTiling tiling) =>
        context.Forms.IsLeftOut(FormOf(type, tiling)) || context.Forms.IsLeftOut(GemmKernel.FormOf(type, tiling))
        || !ShaderLibrary.Contains(GemmKernel.Variant(type, tiling, tiling.Input));
}

/// <summary>Specialisation constants of <c>moe/group.comp</c>.</summary>
internal readonly record struct GroupConstants(int Threads, int Experts) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "EXPERTS"];

    public static string Source => "moe/group.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From((0, (uint)Threads), (1, (uint)Experts));
}

/// <summary>Push constants of <c>push/group.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct GroupPush(uint Pairs, uint TileRows);

using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Heads of rows.</summary>
/// <param name="Rows">float32 [rows, Stride(Width)], from the first head on.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Size">Elements from one head to the next.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct HeadRows(BufferView Rows, int Width, int Size);

/// <summary>
/// The feed-forward layers of a mixture of experts: every token meets the weights of the experts that it goes to, which the device
/// reads from the router's choice. A token's weights are read for it alone, so many tokens cost as many as one by one. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ExpertKernel(KernelContext context)
{
    private const int MaxGroups = 1024;

    internal int Threads { get; } = context.For("expert").Threads(256);

    /// <summary>Records y = f(gate x) · (up x) for every token and each of its experts.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="gateUp">[2 · experts · width, K]: the gates of all experts, then all ups.</param>
    /// <param name="x">float32 [seqLen, KPadded].</param>
    /// <param name="chosen">uint32 [seqLen, used]: experts, each below <paramref name="experts"/>.</param>
    /// <param name="y">Output, float32 [seqLen · used, Stride(width)].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32, one for each row of <paramref name="gateUp"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public void RecordGated(
        CommandList commands, WeightMatrix gateUp, BufferView x, BufferView chosen, BufferView y, int seqLen, int experts, int used,
        ActivationFunction activation, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(gateUp);
        Record(
            commands, gateUp, x, seqLen, chosen, y, gateUp.Rows / experts / 2, seqLen, experts, used,
            new(Threads, true, activation, bias.HasValue), bias);
    }

    /// <summary>Records y = f(up x) for every token and each of its experts, which have no gates.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="up">[experts · width, K].</param>
    /// <param name="x">float32 [seqLen, KPadded].</param>
    /// <param name="chosen">uint32 [seqLen, used]: experts, each below <paramref name="experts"/>.</param>
    /// <param name="y">Output, float32 [seqLen · used, Stride(width)].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32, one for each row of <paramref name="up"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public void RecordActivated(
        CommandList commands, WeightMatrix up, BufferView x, BufferView chosen, BufferView y, int seqLen, int experts, int used,
        ActivationFunction activation, BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(up);
        Record(
            commands, up, x, seqLen, chosen, y, up.Rows / experts, seqLen, experts, used,
            new(Threads, false, activation, bias.HasValue, OfTokens: true), bias);
    }

    /// <summary>Records y = down x for every token and each of its experts.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="down">[experts · width, K].</param>
    /// <param name="x">float32 [seqLen · used, KPadded].</param>
    /// <param name="chosen">uint32 [seqLen, used]: experts, each below <paramref name="experts"/>.</param>
    /// <param name="y">Output, float32 [seqLen · used, Stride(width)].</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="bias">float32, one for each row of <paramref name="down"/>, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public void RecordDown(
        CommandList commands, WeightMatrix down, BufferView x, BufferView chosen, BufferView y, int seqLen, int experts, int used,
        BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(down);
        Record(
            commands, down, x, seqLen * used, chosen, y, down.Rows / experts, seqLen, experts, used,
            new(Threads, false, ActivationFunction.None, bias.HasValue), bias);
    }

    /// <summary>Records y = w x for every row and each of its heads, which has a matrix of its own.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="w">[heads · height, K]; K a multiple of 4.</param>
    /// <param name="x">The input's heads, of which the first K elements count.</param>
    /// <param name="y">Receives the output's heads, of which the first height elements are written.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <exception cref="ArgumentException">A view is too short, or heads are no multiples of 4.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public void RecordHeads(CommandList commands, WeightMatrix w, HeadRows x, HeadRows y, int rows, int heads)
    {
        ArgumentNullException.ThrowIfNull(w);
        if (w.Columns % 4 != 0 || x.Size % 4 != 0 || x.Size < w.Columns || y.Size * heads < w.Rows)
        {
            throw new ArgumentException(
                $"heads of {x.Size} to {y.Size} elements by {w.Rows / heads} x {w.Columns}; expected multiples of 4 with room", nameof(x));
        }

        var push = new ExpertPush(
            (uint)(w.Rows / heads), (uint)heads, (uint)heads, (uint)w.KPadded, (uint)Activations.Stride(y.Width), (uint)w.Columns,
            (uint)Activations.Stride(x.Width), (uint)x.Size, (uint)y.Size);
        BufferView input = Activations.Require(nameof(x), x.Rows, ActivationType.F32, rows, x.Width);
        Record(
            commands, w, input, input, Activations.Require(nameof(y), y.Rows, ActivationType.F32, rows, y.Width), rows, push,
            new(Threads, false, ActivationFunction.None, Heads: true), null);
    }

    private void Record(
        CommandList commands, WeightMatrix w, BufferView x, int inputRows, BufferView chosen, BufferView y, int width, int seqLen,
        int experts, int used, ExpertConstants constants, BufferView? bias)
    {
        var push = new ExpertPush((uint)width, (uint)experts, (uint)used, (uint)w.KPadded, (uint)Activations.Stride(width));
        Record(
            commands, w, Activations.Require(nameof(x), x, ActivationType.F32, inputRows, w.Columns),
            Activations.Require(nameof(chosen), chosen, 4L * seqLen * used),
            Activations.Require(nameof(y), y, ActivationType.F32, seqLen * used, width), seqLen, push, constants, bias);
    }

    private void Record(
        CommandList commands, WeightMatrix w, BufferView x, BufferView chosen, BufferView y, int seqLen, ExpertPush push,
        ExpertConstants constants, BufferView? bias)
    {
        ArgumentNullException.ThrowIfNull(commands);
        RowSlices.RequireWhole(w, context);
        int rowsPerGroup = Math.Max(1, Threads / context.Capabilities.SubgroupSize);
        int groups = Math.Min(((int)push.Rows + rowsPerGroup - 1) / rowsPerGroup, MaxGroups);
        commands.Dispatch(
            context.GetPipeline($"expert_{WeightFormat.Of(w.Type).Name}", constants.ToSpecialization()),
            ((uint)groups, (uint)seqLen, push.Used),
            push,
            [w.Quants, w.Scales, x, chosen, y, bias is { } added ? Activations.Require(nameof(bias), added, 4L * w.Rows) : x]);
    }
}

/// <summary>Specialisation constants of <c>moe/expert.comp</c>.</summary>
internal readonly record struct ExpertConstants(
    int Threads, bool Gated, ActivationFunction Activation, bool Bias = false, bool Heads = false, bool OfTokens = false)
    : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "GATED", "ACTIVATION", "BIAS", "HEADS", "OF_TOKENS"];

    public static string Source => "moe/expert.comp";

    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From(
            (0, (uint)Threads), (1, SpecializationConstants.Bits(Gated)), (2, (uint)Activation), (3, SpecializationConstants.Bits(Bias)),
            (4, SpecializationConstants.Bits(Heads)), (5, SpecializationConstants.Bits(OfTokens)));
}

/// <summary>Push constants of <c>push/expert.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ExpertPush(
    uint Rows, uint Experts, uint Used, uint KPadded, uint OutputStride, uint Columns = 0, uint InputStride = 0, uint InputHead = 0,
    uint OutputHead = 0);

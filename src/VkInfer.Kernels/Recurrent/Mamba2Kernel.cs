using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The shape of a layer of Mamba-2.</summary>
/// <param name="Heads">Heads, each with a state.</param>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="StateDim">Elements of B and of C, at most <see cref="MaxStateDim"/>.</param>
/// <param name="Groups">Groups of neighbouring heads, which share B and C; divides <paramref name="Heads"/>.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct Mamba2Shape(int Heads, int HeadDim, int StateDim, int Groups)
{
    /// <summary>The longest B and C: a column of the state stands in the registers of a few invocations.</summary>
    public const int MaxStateDim = 256;

    /// <summary>The shortest time step.</summary>
    public float LeastStep { get; init; } = 0;

    /// <summary>The longest.</summary>
    public float MostStep { get; init; } = float.MaxValue;

    /// <summary>Elements of all heads.</summary>
    public int InnerWidth => Heads * HeadDim;

    /// <summary>Elements of a row [x | B | C].</summary>
    public int InputWidth => InnerWidth + (2 * Groups * StateDim);

    /// <summary>Floats of a sequence's state.</summary>
    public long StateFloats => (long)InnerWidth * StateDim;

    /// <summary>Checks that the fields fit together.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public void Validate()
    {
        if (Heads < 1 || HeadDim < 1 || StateDim is < 1 or > MaxStateDim || Groups < 1 || Heads % Groups != 0)
        {
            throw new ArgumentException(
                $"Mamba-2: {Heads} heads of {HeadDim} elements in {Groups} groups, states of {StateDim} elements; expected heads that are "
                + $"a multiple of groups, and states of 1 to {MaxStateDim} elements");
        }
    }
}

/// <summary>The state space of Mamba-2 over the rows of sequences, one row after another. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class Mamba2Kernel(KernelContext context) : StateColumnsKernel(context, "mamba2")
{
    /// <summary>Records it.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's shape.</param>
    /// <param name="xbc">float32 [rows, Stride(InputWidth)]: x of all heads, then B, then C of all groups.</param>
    /// <param name="rates">float32 [rows, Stride(ratesWidth)].</param>
    /// <param name="ratesWidth">Elements of such a row.</param>
    /// <param name="ratesAt">Where the rates stand in it: [Heads].</param>
    /// <param name="heads">The layer's parameters.</param>
    /// <param name="y">Output, float32 [rows, Stride(InnerWidth)].</param>
    /// <param name="rows">Rows of the activations.</param>
    /// <param name="source">Whose states; those are read and written.</param>
    /// <param name="layer">Where the layer's state lies: [Heads][StateDim][HeadDim].</param>
    /// <exception cref="ArgumentException">A view is too short, or the shape impossible.</exception>
    public void Record(
        CommandList commands, Mamba2Shape shape, BufferView xbc, BufferView rates, int ratesWidth, int ratesAt, Mamba2Heads heads,
        BufferView y, int rows, StateSource source, StateLayer layer)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(source);
        shape.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(ratesWidth, ratesAt + shape.Heads);
        xbc = Activations.Require(nameof(xbc), xbc, ActivationType.F32, rows, shape.InputWidth);
        ChainLink link = commands.NextLink();
        commands.Dispatch(
            Context.GetPipeline("mamba2", Constants(shape, source.IsOneRow).ToSpecialization()),
            Workgroups(shape.Heads, shape.HeadDim, source),
            new Mamba2Push(
                (uint)shape.Heads, (uint)shape.Groups, (uint)shape.HeadDim, (uint)Activations.Stride(shape.InputWidth),
                (uint)Activations.Stride(ratesWidth), (uint)ratesAt, (uint)Activations.Stride(shape.InnerWidth), (uint)layer.Group,
                layer.At, shape.LeastStep, shape.MostStep, ChainPush.Of(link)),
            [
                xbc,
                Activations.Require(nameof(rates), rates, ActivationType.F32, rows, ratesWidth),
                Activations.Require(nameof(heads), heads.Decay, 4L * shape.Heads),
                Activations.Require(nameof(heads), heads.Shift, 4L * shape.Heads),
                Activations.Require(nameof(heads), heads.Skip, 4L * shape.Heads),
                Activations.Require(nameof(y), y, ActivationType.F32, rows, shape.InnerWidth),
                .. source.Bindings(xbc),
            ],
            source.Addressed(layer), link);
    }

    internal Mamba2Constants Constants(Mamba2Shape shape, bool oneRow) => new(Threads, shape.StateDim, oneRow, Lanes);
}

/// <summary>Parameters of the heads of a layer, float32 [Heads] each.</summary>
/// <param name="Decay">How fast each forgets: −exp(A).</param>
/// <param name="Shift">Added to rates.</param>
/// <param name="Skip">How much of x is added to the output.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct Mamba2Heads(BufferView Decay, BufferView Shift, BufferView Skip);

/// <summary>Specialisation constants of <c>recurrent/mamba2.comp</c>.</summary>
internal readonly record struct Mamba2Constants(int Threads, int StateDim, bool OneRow, int Lanes) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "STATE_DIM", "ONE_ROW", "LANES"];

    public static string Source => "recurrent/mamba2.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)StateDim), (2, SpecializationConstants.Bits(OneRow)), (3, (uint)Lanes));
}

/// <summary>Push constants of <c>push/mamba2.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Mamba2Push(
    uint Heads, uint Groups, uint HeadDim, uint InputStride, uint RatesStride, uint RatesAt, uint OutputStride, uint StateGroup,
    uint StateAt, float LeastStep, float MostStep, ChainPush Chain);

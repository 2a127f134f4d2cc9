using System.Numerics;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Where the gates of heads stand.</summary>
/// <param name="Rows">float32 [rows, Stride(Width)].</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="At">The first head's gate in a row.</param>
/// <param name="HeadStride">Elements from one head's gate to the next's.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct HeadGates(BufferView Rows, int Width, int At, int HeadStride);

/// <summary>What a gate does. The values are those of <c>recurrent/gate_heads.comp</c>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum GateKind
{
    /// <summary>Its SiLU is a factor.</summary>
    Silu,

    /// <summary>Its sigmoid is.</summary>
    Sigmoid,

    /// <summary>It is one itself.</summary>
    Factor,

    /// <summary>It is added.</summary>
    Summand,
}

/// <summary>The gains of the norm of heads with gates.</summary>
/// <param name="Values">float32 [headDim], or [heads · headDim].</param>
/// <param name="IsOfEachHead">Whether each head has gains of its own.</param>
/// <param name="IsBehindGates">Whether the norm is of what gates leave: n(x · f(gate)); else of heads before it.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct HeadGain(BufferView Values, bool IsOfEachHead = false, bool IsBehindGates = false);

/// <summary>Where heads behind gates go.</summary>
/// <param name="Data">[rows, Stride(heads · headDim)] of the type; one row in fixed point.</param>
/// <param name="Type">How elements are stored; float16 saturates at ±65504.</param>
/// <param name="Form">That of the one row, if there is one: in fixed point where <see cref="CanBeFixed"/>.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct HeadOutput(
    BufferView Data, ActivationType Type = ActivationType.F32, VectorForm Form = VectorForm.Float)
{
    /// <summary>What the product takes that comes behind heads of one row.</summary>
    public VectorInput ToInput() => new(Data, Form);

    /// <summary>Whether heads may be stored in fixed point: they are whole blocks of it.</summary>
    /// <param name="headDim">Elements of a head.</param>
    public static bool CanBeFixed(int headDim) => headDim % FixedPointVector.Block == 0;
}

/// <summary>Heads of rows with a gate for each element: y = n(x) · f(gate), y = n(x · f(gate)), or y = n(x) + gate. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GateHeadsKernel(KernelContext context)
{
    // Four elements for an invocation.
    internal int Threads(int headDim) =>
        context.For("gate_heads").Threads((int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(headDim / 4, 32, 256)));

    /// <summary>Records n = RMSNorm of each head and f = SiLU, as behind the gated delta rule and Mamba-2.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="gain">The norm's, float32.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordNormed(
        CommandList commands, BufferView x, HeadGates gates, HeadOutput y, int rows, int heads, int headDim, HeadGain gain,
        float epsilon) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Silu, gain, epsilon);

    /// <summary>Records n = x and f = SiLU, as behind Mamba-2 without a norm.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordSilu(
        CommandList commands, BufferView x, HeadGates gates, HeadOutput y, int rows, int heads, int headDim) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Silu, null, 0);

    /// <summary>Records n(x) + gate, n = RMSNorm of each head: inputs of layers made of an embedding and a projection.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="summands">What is added.</param>
    /// <param name="y">Output, likewise.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="gain">float32 [headDim]: of the norm.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordSum(
        CommandList commands, BufferView x, HeadGates summands, BufferView y, int rows, int heads, int headDim, BufferView gain,
        float epsilon) =>
        Record(commands, x, summands, new HeadOutput(y), rows, heads, headDim, GateKind.Summand, new HeadGain(gain), epsilon);

    /// <summary>Records x · gate.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="factors">The other factors.</param>
    /// <param name="y">Output.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordProduct(
        CommandList commands, BufferView x, HeadGates factors, HeadOutput y, int rows, int heads, int headDim) =>
        Record(commands, x, factors, y, rows, heads, headDim, GateKind.Factor, null, 0);

    /// <summary>Records n = x and f = sigmoid, as behind attention.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordSigmoid(
        CommandList commands, BufferView x, HeadGates gates, HeadOutput y, int rows, int heads, int headDim) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Sigmoid, null, 0);

    private void Record(
        CommandList commands, BufferView x, HeadGates gates, HeadOutput y, int rows, int heads, int headDim, GateKind kind, HeadGain? gain,
        float epsilon)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (headDim < 2 || headDim % 2 != 0 || gates.At + ((heads - 1) * gates.HeadStride) + headDim > gates.Width)
        {
            throw new ArgumentException(
                $"gates of {heads} heads of {headDim}: {gates}; expected heads of an even number, with gates inside a row", nameof(gates));
        }

        bool isFixed = y.Form == VectorForm.Fixed;
        if (isFixed && (rows != 1 || !HeadOutput.CanBeFixed(headDim)))
        {
            throw new ArgumentException(
                $"{rows} rows of heads of {headDim} in fixed point: expected one row, and whole blocks of {FixedPointVector.Block}", nameof(y));
        }

        int width = heads * headDim;
        BufferView output = y.Data;
        if (isFixed)
        {
            Views.RequireBytes(nameof(y), output, FixedPointVector.SizeInBytes(width));
        }
        else
        {
            output = Activations.Require(nameof(y), output, y.Type, rows, width);
        }

        uint stride = (uint)Activations.Stride(width);
        ChainLink link = commands.NextLink();
        x = Activations.Require(nameof(x), x, ActivationType.F32, rows, width);
        commands.Dispatch(
            context.GetPipeline(
                $"gate_heads_{(isFixed ? "fixed" : Activations.VariantPart(y.Type))}",
                new GateHeadsConstants(Threads(headDim), gain.HasValue, kind, gain?.IsBehindGates == true).ToSpecialization()),
            ((uint)heads, (uint)rows, 1),
            new GateHeadsPush(
                (uint)headDim, stride, (uint)Activations.Stride(gates.Width), (uint)gates.At, (uint)gates.HeadStride,
                isFixed ? (uint)WeightLayout.PadColumns(width) : stride, gain?.IsOfEachHead == true ? (uint)headDim : 0, epsilon,
                ChainPush.Of(link)),
            [
                x,
                Activations.Require(nameof(gates), gates.Rows, ActivationType.F32, rows, gates.Width),
                gain is { } norm ? Activations.Require(nameof(gain), norm.Values, 4L * (norm.IsOfEachHead ? width : headDim)) : x,
                output,
            ],
            link: link);
    }
}

/// <summary>Specialisation constants of <c>recurrent/gate_heads.comp</c>.</summary>
internal readonly record struct GateHeadsConstants(int Threads, bool Norm, GateKind Gate, bool GateFirst) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "NORM", "GATE", "GATE_FIRST"];

    public static string Source => "recurrent/gate_heads.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, SpecializationConstants.Bits(Norm)), (2, (uint)Gate), (3, SpecializationConstants.Bits(GateFirst)));
}

/// <summary>Push constants of <c>push/gate_heads.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct GateHeadsPush(
    uint HeadDim, uint InputStride, uint GateStride, uint GateAt, uint GateHeadStride, uint OutputStride, uint GainStride,
    float Epsilon, ChainPush Chain);

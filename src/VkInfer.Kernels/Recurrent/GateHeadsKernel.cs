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

/// <summary>Heads of rows with a gate for each element: y = n(x) · f(gate), y = n(x · f(gate)), or y = n(x) + gate. Thread-safe.</summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GateHeadsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("gate_heads").Threads(32);

    /// <summary>Records n = RMSNorm of each head and f = SiLU, as behind the gated delta rule and Mamba-2.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output, likewise of <paramref name="type"/>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="gain">The norm's, float32.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <param name="type">How the output is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordNormed(
        CommandList commands, BufferView x, HeadGates gates, BufferView y, int rows, int heads, int headDim, HeadGain gain, float epsilon,
        ActivationType type = ActivationType.F32) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Silu, gain, epsilon, type);

    /// <summary>Records n = x and f = SiLU, as behind Mamba-2 without a norm.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output, likewise of <paramref name="type"/>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="type">How the output is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordSilu(
        CommandList commands, BufferView x, HeadGates gates, BufferView y, int rows, int heads, int headDim,
        ActivationType type = ActivationType.F32) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Silu, null, 0, type);

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
        Record(commands, x, summands, y, rows, heads, headDim, GateKind.Summand, new HeadGain(gain), epsilon, ActivationType.F32);

    /// <summary>Records x · gate.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="factors">The other factors.</param>
    /// <param name="y">Output, likewise of <paramref name="type"/>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="type">How the output is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordProduct(
        CommandList commands, BufferView x, HeadGates factors, BufferView y, int rows, int heads, int headDim,
        ActivationType type = ActivationType.F32) =>
        Record(commands, x, factors, y, rows, heads, headDim, GateKind.Factor, null, 0, type);

    /// <summary>Records n = x and f = sigmoid, as behind attention.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="x">float32 [rows, Stride(heads · headDim)].</param>
    /// <param name="gates">The gates.</param>
    /// <param name="y">Output, likewise of <paramref name="type"/>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Elements of a head; even.</param>
    /// <param name="type">How the output is stored; float16 saturates at ±65504.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordSigmoid(
        CommandList commands, BufferView x, HeadGates gates, BufferView y, int rows, int heads, int headDim,
        ActivationType type = ActivationType.F32) =>
        Record(commands, x, gates, y, rows, heads, headDim, GateKind.Sigmoid, null, 0, type);

    private void Record(
        CommandList commands, BufferView x, HeadGates gates, BufferView y, int rows, int heads, int headDim, GateKind kind,
        HeadGain? gain, float epsilon, ActivationType type)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (headDim < 2 || headDim % 2 != 0 || gates.At + ((heads - 1) * gates.HeadStride) + headDim > gates.Width)
        {
            throw new ArgumentException(
                $"gates of {heads} heads of {headDim}: {gates}; expected heads of an even number, with gates inside a row", nameof(gates));
        }

        int width = heads * headDim;
        uint stride = (uint)Activations.Stride(width);
        x = Activations.Require(nameof(x), x, ActivationType.F32, rows, width);
        commands.Dispatch(
            context.GetPipeline(
                $"gate_heads_{Activations.VariantPart(type)}",
                new GateHeadsConstants(Threads, gain.HasValue, kind, gain?.IsBehindGates == true).ToSpecialization()),
            ((uint)heads, (uint)rows, 1),
            new GateHeadsPush(
                (uint)headDim, stride, (uint)Activations.Stride(gates.Width), (uint)gates.At, (uint)gates.HeadStride, stride,
                gain?.IsOfEachHead == true ? (uint)headDim : 0, epsilon),
            [
                x,
                Activations.Require(nameof(gates), gates.Rows, ActivationType.F32, rows, gates.Width),
                gain is { } norm ? Activations.Require(nameof(gain), norm.Values, 4L * (norm.IsOfEachHead ? width : headDim)) : x,
                Activations.Require(nameof(y), y, type, rows, width),
            ]);
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
    float Epsilon);

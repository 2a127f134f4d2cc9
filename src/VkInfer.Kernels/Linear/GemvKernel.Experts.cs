using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The experts that a token goes to, as its router left them on the device.</summary>
/// <param name="Chosen">uint32 [Used]: experts, each below <paramref name="Experts"/>.</param>
/// <param name="Weights">float32 [Used]: factors of their outputs.</param>
/// <param name="Experts">How many there are.</param>
/// <param name="Used">How many the token goes to.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ExpertChoice(BufferView Chosen, BufferView Weights, int Experts, int Used)
{
    internal AddressedView[] Addressed => [new(Chosen, BindingAccess.Read), new(Weights, BindingAccess.Read)];

    internal void Check()
    {
        Views.RequireBytes(nameof(Chosen), Chosen, sizeof(uint) * (long)Used);
        Views.RequireFloats(nameof(Weights), Weights, Used);
    }
}

/// <content>Products with the matrices of the experts that a token goes to.</content>
public sealed partial class GemvKernel
{
    /// <summary>Records f(gate x) · (up x) of each expert that the token goes to, as the input of their last products.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="gateUp">[2 · experts · width, K]: the gates of all experts, then all ups.</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="next">Receives [used · Stride(width)], padded with zeros, without a norm.</param>
    /// <param name="choice">The experts.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32, one for each row of <paramref name="gateUp"/>, if given.</param>
    /// <returns>What <see cref="RecordExpertsDown"/> takes.</returns>
    /// <exception cref="ArgumentException">A view is too short, or weights do not take x in its form.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public VectorInput RecordExpertsGated(
        CommandList commands, WeightMatrix gateUp, VectorInput x, VectorOutput next, ExpertChoice choice, ActivationFunction activation,
        BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(gateUp);
        int gates = gateUp.Rows / 2;
        int width = gates / choice.Experts;
        int elements = choice.Used * WeightLayout.PadColumns(width);
        var call = new GemvCall(x, bias, next);
        (GemvTuning tuning, GemvPush push) = Prepare(gateUp, call, choice, gateUp.Columns, elements, width, rowsPerElement: 2);
        var constants = new GemvGatedConstants(call.Constants(tuning, context), call.NextConstant, activation, choice.Used);
        int upSkip = gates % WeightLayout.SliceRows(gateUp.Type);
        WeightMatrix up = gateUp.Slice(gates - upSkip, upSkip + gates);
        push.UpSkip = (uint)upSkip;
        push.Width = (uint)gates;
        Describe(commands, gateUp, 2 * choice.Used * width, gateUp.Columns);
        Dispatch(
            commands, $"gemv_gated_{WeightFormat.Of(gateUp.Type).Name}", constants.ToSpecialization(), tuning, push, call, choice,
            [.. call.Outputs(next.Data), gateUp.Quants, up.Quants, gateUp.Scales, up.Scales]);
        return call.Result(0);
    }

    /// <summary>Records f(up x) of each expert that the token goes to, as the input of their last products.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="up">[experts · width, K].</param>
    /// <param name="x">[KPadded].</param>
    /// <param name="next">Receives [used · Stride(width)], padded with zeros, without a norm.</param>
    /// <param name="choice">The experts.</param>
    /// <param name="activation">f.</param>
    /// <param name="bias">float32, one for each row of <paramref name="up"/>, if given.</param>
    /// <returns>What <see cref="RecordExpertsDown"/> takes.</returns>
    /// <exception cref="ArgumentException">A view is too short, or weights do not take x in its form.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public VectorInput RecordExpertsActivated(
        CommandList commands, WeightMatrix up, VectorInput x, VectorOutput next, ExpertChoice choice, ActivationFunction activation,
        BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(up);
        int width = up.Rows / choice.Experts;
        int elements = choice.Used * WeightLayout.PadColumns(width);
        var call = new GemvCall(x, bias, next);
        (GemvTuning tuning, GemvPush push) = Prepare(up, call, choice, up.Columns, elements, width);
        var constants = new GemvStoreConstants(
            call.Constants(tuning, context), call.NextConstant, Y: false, Activation: activation, Experts: choice.Used, Summed: false);
        Describe(commands, up, choice.Used * width, up.Columns);
        Dispatch(
            commands, $"gemv_store_{WeightFormat.Of(up.Type).Name}", constants.ToSpecialization(), tuning, push, call, choice,
            [.. call.Outputs(next.Data), next.Data, up.Quants, up.Scales]);
        return call.Result(0);
    }

    /// <summary>Records y = Σ weight · (down x + bias) of the experts that the token goes to, or y += it.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="down">[experts · N, K].</param>
    /// <param name="x">[used · KPadded]: what each expert takes, as <see cref="RecordExpertsGated"/> left it.</param>
    /// <param name="y">float32 [N].</param>
    /// <param name="mode">Whether to overwrite or add.</param>
    /// <param name="choice">The experts.</param>
    /// <param name="next">Receives y as the input of the next product, if given.</param>
    /// <param name="bias">float32, one for each row of <paramref name="down"/>, if given.</param>
    /// <returns>What the next product takes; null: nothing is left for one.</returns>
    /// <exception cref="ArgumentException">A view is too short, or weights do not take x in its form.</exception>
    /// <exception cref="NotSupportedException">The matrix exceeds the device's binding range.</exception>
    public VectorInput? RecordExpertsDown(
        CommandList commands, WeightMatrix down, VectorInput x, BufferView y, GemvMode mode, ExpertChoice choice, VectorOutput? next = null,
        BufferView? bias = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(down);
        int rows = down.Rows / choice.Experts;
        int columns = choice.Used * down.KPadded;
        Views.RequireFloats(nameof(y), y, rows);
        var call = new GemvCall(x, bias, next);
        (GemvTuning tuning, GemvPush push) = Prepare(down, call, choice, columns, rows, rows);
        var constants = new GemvStoreConstants(
            call.Constants(tuning, context), call.NextConstant, true, mode == GemvMode.Accumulate, Experts: choice.Used);
        push.RowChunks = push.Stride;
        push.Stride *= (uint)choice.Used;
        Describe(commands, down, rows, columns);
        Dispatch(
            commands, $"gemv_store_{WeightFormat.Of(down.Type).Name}", constants.ToSpecialization(), tuning, push, call, choice,
            [.. call.Outputs(y), y, down.Quants, down.Scales]);
        int slots = tuning.Slots(context.Capabilities);
        return next is null ? null : call.Result((rows + slots - 1) / slots);
    }

    /// <summary>What the products have in common: checks, their spread, and where experts' matrices lie.</summary>
    private (GemvTuning Tuning, GemvPush Push) Prepare(
        WeightMatrix w, GemvCall call, ExpertChoice choice, int columns, int elements, int expertRows, int rowsPerElement = 1)
    {
        choice.Check();
        RowSlices.RequireWhole(w, context);
        call.Check(w, columns, w.Rows, elements);
        GemvPush push = call.Push(w, rowsPerElement * elements, 0);
        push.NextColumns = (uint)WeightLayout.PadColumns(elements);
        push.Choose(choice, expertRows);
        return (call.Tuning(w.Type, rowsPerElement * elements, columns, context, rowsPerElement), push);
    }

    private void Dispatch(
        CommandList commands, string product, SpecializationConstants constants, GemvTuning tuning, GemvPush push, GemvCall call,
        ExpertChoice choice, ReadOnlySpan<BufferView> bindings)
    {
        ChainLink link = call.Link(commands);
        push.Chain = ChainPush.Of(link);
        commands.Dispatch(
            context.GetPipeline(product + tuning.Feature, constants), (tuning.Groups((int)push.Slots, context.Capabilities), 1, 1), in push,
            [.. call.Inputs, .. bindings], choice.Addressed, link);
    }
}

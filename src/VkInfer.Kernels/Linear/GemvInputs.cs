using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What every matrix-vector product reads beside its weights: bindings 0 to 3 of <c>linear/gemv.glsl</c>.</summary>
internal readonly record struct GemvInputs(BufferView X, NormFusion? Norm, BufferView? Bias)
{
    /// <summary>The bindings; x stands where nothing is read.</summary>
    public BufferView[] Bindings => [X, Norm?.Gain ?? X, Bias ?? X, Norm?.GainSums ?? X];

    /// <summary>How the product is spread over the device.</summary>
    public GemvTuning Tuning(WeightMatrix w, KernelContext context)
    {
        var spread = context.For(GemvHeuristic.Form(w.Type));
        var usual = GemvHeuristic.Choose(w.Type, spread, centred: Norm?.GainSums is not null);
        return ReferenceEquals(spread, context) && context.Linear.FindGemv(w.Type, w.Rows, w.Columns) is { } measured
            ? usual with { WorkgroupSize = measured.WorkgroupSize, Rows = measured.Rows, Unroll = measured.Unroll }
            : usual;
    }

    public GemvSharedConstants Constants(GemvTuning tuning) => new(tuning, Norm, Bias.HasValue);

    public void Check(WeightMatrix w) => Check(w, w.Rows);

    /// <summary>Throws unless the views are as long as the weights and <paramref name="rows"/> terms ask.</summary>
    public void Check(WeightMatrix w, int rows)
    {
        Views.RequireFloats("x", X, w.KPadded);
        if (Norm is { } norm)
        {
            Views.RequireFloats("gain", norm.Gain, w.KPadded);
            if (norm.GainSums is { } sums)
            {
                Views.RequireFloats("gainSums", sums, rows);
            }
        }

        if (Bias is { } bias)
        {
            Views.RequireFloats("bias", bias, rows);
        }
    }
}

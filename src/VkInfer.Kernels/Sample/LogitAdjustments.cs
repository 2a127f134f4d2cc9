namespace VkInfer.Kernels;

/// <summary>
/// What changes the logits before a token is chosen; the values of <c>ADJUST_…</c> in <c>shaders/include/step_state.glsl</c>.
/// </summary>
[Flags]
[EditorBrowsable(EditorBrowsableState.Never)]
public enum LogitAdjustments : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Repetition, frequency and presence penalties.</summary>
    Penalties = 1,

    /// <summary>A bias per token.</summary>
    Bias = 2,

    /// <summary>A mask of the tokens that may be chosen.</summary>
    Mask = 4,
}

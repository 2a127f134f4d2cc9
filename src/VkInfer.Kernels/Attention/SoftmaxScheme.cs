namespace VkInfer.Kernels;

/// <summary>How attention accumulates a softmax whose scores come in blocks. All are exact up to rounding.</summary>
public enum SoftmaxScheme
{
    /// <summary>
    /// One value φ is subtracted from all scores, so that blocks need not agree on a maximum and partial results just add; rows
    /// with a score outside a range around φ are computed anew (FlashDecoding++, Hong et al. 2024).
    /// </summary>
    Asynchronized,

    /// <summary>
    /// The running maximum is subtracted: what was accumulated is rescaled whenever it grows (Milakov and Gimelshein 2018).
    /// </summary>
    Synchronized,

    /// <summary>The running maximum is subtracted, but followed only when it grows by more than log(2⁸) (FlashAttention-4).</summary>
    ConditionalRescale,
}

namespace VkInfer.Kernels;

/// <summary>The implementations that a linear layer of M rows chooses from (FlashDecoding++, section 5).</summary>
public enum LinearForm
{
    /// <summary>A matrix-vector product that takes all rows at once, each weight read once.</summary>
    Gemv,

    /// <summary>A product whose tiles are few rows high.</summary>
    Flat,

    /// <summary>The conventional tiled product.</summary>
    Tiled,
}

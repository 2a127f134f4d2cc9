namespace VkInfer.Kernels;

/// <summary>How the weights of a matrix are stored on the device.</summary>
public enum WeightType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a single.</summary>
    BF16,

    /// <summary>Blocks of 32 signed bytes with one half-precision scale.</summary>
    Q8_0,

    /// <summary>Blocks of 32 nibbles (value n - 8) with one half-precision scale.</summary>
    Q4_0,
}

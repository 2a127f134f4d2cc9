namespace VkInfer.Kernels;

/// <summary>
/// How the weights of a matrix are stored, by the names of the GGUF specification; <see cref="WeightFormat"/> has the layouts.
/// </summary>
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

    /// <summary>Blocks of 32 nibbles with a half-precision scale and minimum.</summary>
    Q4_1,

    /// <summary>Blocks of 32 five-bit numbers (value n - 16) with one half-precision scale.</summary>
    Q5_0,

    /// <summary>Blocks of 32 five-bit numbers with a half-precision scale and minimum.</summary>
    Q5_1,

    /// <summary>Blocks of 256 two-bit numbers, with a scale and a minimum for each 16.</summary>
    Q2_K,

    /// <summary>Blocks of 256 three-bit numbers, with a scale for each 16.</summary>
    Q3_K,

    /// <summary>Blocks of 256 nibbles, with a scale and a minimum for each 32.</summary>
    Q4_K,

    /// <summary>Blocks of 256 five-bit numbers, with a scale and a minimum for each 32.</summary>
    Q5_K,

    /// <summary>Blocks of 256 six-bit numbers, with a scale for each 16.</summary>
    Q6_K,

    /// <summary>Blocks of 32 nibbles that number the levels of a non-linear table, with one half-precision scale.</summary>
    IQ4_NL,

    /// <summary>Blocks of 256 nibbles that number the levels of a non-linear table, with a scale for each 32.</summary>
    IQ4_XS,
}

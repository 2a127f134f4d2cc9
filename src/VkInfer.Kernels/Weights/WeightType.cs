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

    /// <summary>Blocks of 32 numbers of E2M1 with one power of two (OCP Microscaling).</summary>
    MXFP4,

    /// <summary>Blocks of 64 numbers of E2M1 with a scale of E4M3 for each 16, and a scale for the whole tensor.</summary>
    NVFP4,

    /// <summary>Blocks of 128 signs with one half-precision scale.</summary>
    Q1_0,

    /// <summary>Blocks of 64 two-bit numbers (value n - 1) with one half-precision scale.</summary>
    Q2_0,

    /// <summary>Blocks of 256 ternary numbers, five to a byte, with one half-precision scale; on the device as Q2_0.</summary>
    TQ1_0,

    /// <summary>Blocks of 256 two-bit numbers (value n - 1) with one half-precision scale; on the device as Q2_0.</summary>
    TQ2_0,

    /// <summary>Blocks of 256 from a codebook of ternary vectors, with a scale and a shift for each 32; on the device as IQ1_M.</summary>
    IQ1_S,

    /// <summary>Blocks of 256 from a codebook of ternary vectors, with a scale for each 16 and a shift for each 8.</summary>
    IQ1_M,

    /// <summary>Blocks of 256 from a codebook of 256 vectors of eight, with a scale for each 32.</summary>
    IQ2_XXS,

    /// <summary>Blocks of 256 from a codebook of 512 vectors of eight, with a scale for each 16.</summary>
    IQ2_XS,

    /// <summary>Blocks of 256 from a codebook of 1024 vectors of eight, with a scale for each 16.</summary>
    IQ2_S,

    /// <summary>Blocks of 256 from a codebook of 256 vectors of four, with a scale for each 32.</summary>
    IQ3_XXS,

    /// <summary>Blocks of 256 from a codebook of 512 vectors of four, with a scale for each 32.</summary>
    IQ3_S,
}

namespace VkInfer.Formats;

/// <summary>
/// How a tensor's elements are stored; the numbers are those of the GGUF specification. The gaps are types that were withdrawn and that
/// no current file uses. Block sizes are in <see cref="GgufTensorTypes"/>.
/// </summary>
public enum GgufTensorType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32 = 0,

    /// <summary>IEEE 754 binary16.</summary>
    F16 = 1,

    /// <summary>32 elements: one binary16 scale, 4 bits each.</summary>
    Q4_0 = 2,

    /// <summary>32 elements: binary16 scale and minimum, 4 bits each.</summary>
    Q4_1 = 3,

    /// <summary>32 elements: one binary16 scale, 5 bits each.</summary>
    Q5_0 = 6,

    /// <summary>32 elements: binary16 scale and minimum, 5 bits each.</summary>
    Q5_1 = 7,

    /// <summary>32 elements: one binary16 scale, 8 bits each.</summary>
    Q8_0 = 8,

    /// <summary>32 elements: binary16 scale and sum, 8 bits each.</summary>
    Q8_1 = 9,

    /// <summary>256 elements, 2 bits each, with block scales.</summary>
    Q2_K = 10,

    /// <summary>256 elements, 3 bits each, with block scales.</summary>
    Q3_K = 11,

    /// <summary>256 elements, 4 bits each, with block scales.</summary>
    Q4_K = 12,

    /// <summary>256 elements, 5 bits each, with block scales.</summary>
    Q5_K = 13,

    /// <summary>256 elements, 6 bits each, with block scales.</summary>
    Q6_K = 14,

    /// <summary>256 elements, 8 bits each; an intermediate format.</summary>
    Q8_K = 15,

    /// <summary>256 elements from a codebook, 2.06 bits each.</summary>
    IQ2_XXS = 16,

    /// <summary>256 elements from a codebook, 2.31 bits each.</summary>
    IQ2_XS = 17,

    /// <summary>256 elements from a codebook, 3.06 bits each.</summary>
    IQ3_XXS = 18,

    /// <summary>256 elements from a codebook, 1.56 bits each.</summary>
    IQ1_S = 19,

    /// <summary>32 elements, 4-bit indices into a non-linear table.</summary>
    IQ4_NL = 20,

    /// <summary>256 elements from a codebook, 3.44 bits each.</summary>
    IQ3_S = 21,

    /// <summary>256 elements from a codebook, 2.56 bits each.</summary>
    IQ2_S = 22,

    /// <summary>256 elements, 4-bit indices into a non-linear table, with block scales.</summary>
    IQ4_XS = 23,

    /// <summary>Signed 8-bit integer.</summary>
    I8 = 24,

    /// <summary>Signed 16-bit integer.</summary>
    I16 = 25,

    /// <summary>Signed 32-bit integer.</summary>
    I32 = 26,

    /// <summary>Signed 64-bit integer.</summary>
    I64 = 27,

    /// <summary>IEEE 754 binary64.</summary>
    F64 = 28,

    /// <summary>256 elements from a codebook, 1.75 bits each.</summary>
    IQ1_M = 29,

    /// <summary>The upper half of a binary32.</summary>
    BF16 = 30,

    /// <summary>256 ternary elements, 1.69 bits each.</summary>
    TQ1_0 = 34,

    /// <summary>256 ternary elements, 2.06 bits each.</summary>
    TQ2_0 = 35,

    /// <summary>32 elements of E2M1 with one E8M0 scale.</summary>
    MXFP4 = 39,

    /// <summary>64 elements of E2M1 with E4M3 scales.</summary>
    NVFP4 = 40,

    /// <summary>128 elements of one bit with a binary16 scale.</summary>
    Q1_0 = 41,

    /// <summary>64 elements of two bits with a binary16 scale.</summary>
    Q2_0 = 42,
}

namespace VkInfer.Vulkan;

/// <summary>Number type of a cooperative matrix, as VkComponentTypeKHR.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum MatrixComponentType
{
    /// <summary>A type this version does not name.</summary>
    Unknown,

    /// <summary>float16.</summary>
    Float16,

    /// <summary>float32.</summary>
    Float32,

    /// <summary>float64.</summary>
    Float64,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>Signed 8-bit.</summary>
    SInt8,

    /// <summary>Signed 16-bit.</summary>
    SInt16,

    /// <summary>Signed 32-bit.</summary>
    SInt32,

    /// <summary>Signed 64-bit.</summary>
    SInt64,

    /// <summary>Unsigned 8-bit.</summary>
    UInt8,

    /// <summary>Unsigned 16-bit.</summary>
    UInt16,

    /// <summary>Unsigned 32-bit.</summary>
    UInt32,

    /// <summary>Unsigned 64-bit.</summary>
    UInt64,
}

/// <summary>A matrix product that the device has units for: Result[M,N] = A[M,K] · B[K,N] + C[M,N], by one subgroup.</summary>
/// <param name="M">Rows of A.</param>
/// <param name="N">Columns of B.</param>
/// <param name="K">Columns of A.</param>
/// <param name="A">Type of A.</param>
/// <param name="B">Type of B.</param>
/// <param name="C">Type of C.</param>
/// <param name="Result">Type of the result.</param>
/// <param name="Saturating">The product saturates instead of wrapping.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct CooperativeMatrixShape(
    int M, int N, int K, MatrixComponentType A, MatrixComponentType B, MatrixComponentType C, MatrixComponentType Result, bool Saturating);

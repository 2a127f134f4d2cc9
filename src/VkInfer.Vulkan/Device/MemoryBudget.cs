namespace VkInfer.Vulkan;

/// <summary>Device memory of the largest device-local heap, in bytes.</summary>
/// <param name="Total">Size of the heap.</param>
/// <param name="Available">
/// What may still be allocated: the driver's budget where it tells one, else what is left by this device object.
/// </param>
/// <param name="AllocatedByThisDevice">What this device object holds, whole blocks counted.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct MemoryBudget(long Total, long Available, long AllocatedByThisDevice);

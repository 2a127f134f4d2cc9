namespace VkInfer.Vulkan;

/// <summary>
/// A submission of a device's compute queue, by its timeline value. Later ones have greater values; the default has completed.
/// </summary>
/// <param name="Value">The value.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct Submission(ulong Value);

namespace VkInfer.Vulkan;

/// <summary>A range that a dispatch reaches by its address, of which its bindings say nothing.</summary>
/// <param name="View">The range.</param>
/// <param name="Access">What the dispatch does to it.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct AddressedView(BufferView View, BindingAccess Access);

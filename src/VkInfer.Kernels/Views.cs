using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Checks of the views that kernels are given.</summary>
internal static class Views
{
    /// <summary>Throws unless the view holds so many float32.</summary>
    public static void RequireFloats(string name, BufferView view, long count) => RequireBytes(name, view, count * sizeof(float));

    /// <summary>Throws unless the view holds so many bytes.</summary>
    public static void RequireBytes(string name, BufferView view, long bytes)
    {
        if (view.Buffer is null || view.Length < bytes)
        {
            string got = view.Buffer is null ? "none" : $"{view.Length} of '{view.Buffer.Name}'";
            throw new ArgumentException($"{name}: expected at least {bytes} bytes, got {got}", name);
        }
    }
}

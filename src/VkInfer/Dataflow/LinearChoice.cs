namespace VkInfer.Research;

/// <summary>Which implementation linear layers use; see <see cref="Kernels.LinearForm"/>.</summary>
public enum LinearChoice
{
    /// <summary>What tuning measured to be the fastest on this device; a heuristic where nothing was measured.</summary>
    Auto,

    /// <summary>Matrix-vector products.</summary>
    Gemv,

    /// <summary>Flat products, where the device has what they need; else tiled ones. Decode then runs unfused.</summary>
    Flat,

    /// <summary>Conventional tiled products. Decode then runs unfused.</summary>
    Tiled,
}

namespace VkInfer.Samples.Desktop.Settings;

/// <summary>Light or dark.</summary>
public enum Theme
{
    /// <summary>As the system is set.</summary>
    System,

    /// <summary>Dark text on light ground.</summary>
    Light,

    /// <summary>Light text on dark ground.</summary>
    Dark,
}

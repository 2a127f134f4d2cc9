namespace VkInfer.Research;

/// <summary>Which scheme of softmax attention uses; see <see cref="Kernels.SoftmaxScheme"/>.</summary>
public enum SoftmaxChoice
{
    /// <summary>
    /// What the model's calibration chose for each layer; conditional rescaling where there is none, since no φ is known to be right.
    /// </summary>
    Auto,

    /// <summary>
    /// Asynchronized, also where calibration advises against it: rows outside the range are then computed anew, often or always.
    /// </summary>
    Asynchronized,

    /// <summary>Synchronized.</summary>
    Synchronized,

    /// <summary>Conditional rescaling.</summary>
    Conditional,
}

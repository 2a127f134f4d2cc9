namespace VkInfer;

/// <summary>A device computes wrong results, and no form of a kernel is left that does not. Thrown by loading.</summary>
public sealed class DeviceSelfTestException : VkInferException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="device">The device's name.</param>
    /// <param name="driver">Its driver and version.</param>
    /// <param name="form">The form of a kernel that was left out last.</param>
    /// <param name="problem">What it computed.</param>
    public DeviceSelfTestException(string device, string driver, string form, string problem)
        : base(
            $"Device '{device}' with driver '{driver}' computes wrong results, and there is no other way left to do '{form}': {problem}. "
            + "A newer driver may help; 'vkinfer devices --self-test' tests it again.")
    {
        Form = form;
    }

    /// <summary>The form of a kernel that was left out last.</summary>
    public string Form { get; }
}

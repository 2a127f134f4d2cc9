namespace VkInfer.Cli.Output;

/// <summary>What a model runs on, for a person.</summary>
internal static class DriverText
{
    /// <summary>Name and version of the driver.</summary>
    public static string Driver(this Model model) => $"{model.Device.DriverName} {model.Device.DriverVersion}";
}

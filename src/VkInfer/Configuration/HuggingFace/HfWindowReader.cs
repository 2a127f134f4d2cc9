namespace VkInfer.Configuration;

/// <summary>The window of each layer of a Hugging Face model, as its type has them.</summary>
internal static class HfWindowReader
{
    private const int DefaultMaxWindowLayers = 28;

    /// <summary>Reads the windows; empty where no layer has one.</summary>
    public static IReadOnlyList<int> Read(HfJson json, HfDefaults defaults, int layers)
    {
        if (defaults.Windows is HfWindows.None)
        {
            return [];
        }

        bool isOptional = defaults.Windows is HfWindows.AllIfUsed or HfWindows.UpperIfUsed;
        bool isUsed = !isOptional || (json.TryBool("use_sliding_window") ?? false);
        int window = json.Window("sliding_window", defaults.Window);
        if (!isUsed || window == 0)
        {
            return [];
        }

        if (defaults.Windows is HfWindows.All or HfWindows.AllIfUsed)
        {
            return ModelConfig.UniformWindows(layers, window);
        }

        if (json.Strings("layer_types").Count > 0)
        {
            return ByType(json, layers, window);
        }

        if (defaults.Windows is HfWindows.Alternating)
        {
            int? period = defaults.HasWindowPeriodKey ? json.TryInt("sliding_window_pattern", ModelLimits.MaxLayers) : null;
            return ModelConfig.AlternatingWindows(layers, window, period ?? defaults.WindowPeriod);
        }

        int full = json.TryInt("max_window_layers", int.MaxValue, min: 0) ?? DefaultMaxWindowLayers;
        return [.. Enumerable.Range(0, layers).Select(layer => layer < full ? 0 : window)];
    }

    /// <summary>The windows of layers as <c>layer_types</c> names them.</summary>
    public static IReadOnlyList<int> ByType(HfJson json, int layers, int window)
    {
        IReadOnlyList<string> types = json.Strings("layer_types");
        return types.Count == layers
            ? [.. types.Select(type => type switch
            {
                "full_attention" => 0,
                "sliding_attention" => window,
                _ => throw json.Wrong("layer_types", "full_attention and sliding_attention", $"\"{type}\""),
            })]
            : throw json.Wrong("layer_types", $"{layers} types", $"a list of {types.Count}");
    }
}

using VkInfer.Recipes;

namespace VkInfer.Transformer;

/// <summary>
/// The rotary embedding as a table: entry [position, pair] holds (cos, sin) of position · θ^(−2·pair/RotaryDim), computed in
/// double precision so that far positions keep their angle. Source: Su et al., "RoFormer", eq. 15.
/// </summary>
internal static class RopeTable
{
    /// <summary>The table of layers that see everything.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="positions">Number of positions.</param>
    /// <returns>Float32 [positions, RotaryDim / 2, 2]; one unused element pair where nothing is rotated.</returns>
    public static float[] Compute(ModelConfig config, int positions) =>
        Compute(config.RotaryDim, config.RopeTheta, config.RopeScaling, positions);

    /// <summary>The table of layers with a window, or null where it is the same.</summary>
    public static float[]? ComputeWindowed(ModelConfig config, int positions) =>
        config.WindowedRopeTheta is { } theta ? Compute(WindowedDim(config), theta, null, positions) : null;

    /// <summary>Bytes of all tables.</summary>
    public static long SizeInBytes(ModelConfig config, int positions) =>
        (config.RotaryDim + (config.WindowedRopeTheta is null ? 0L : WindowedDim(config))) * positions * sizeof(float);

    /// <summary>Rotated elements of a head in layers with a window.</summary>
    private static int WindowedDim(ModelConfig config) => Enumerable.Range(0, config.NumLayers)
        .Where(layer => config.Window(layer) > 0).SelectMany(layer => config.Layers[layer].Mixers).OfType<AttentionRecipe>()
        .Select(attention => attention.HeadsIn(config).RotaryDim).FirstOrDefault(config.RotaryDim);

    private static float[] Compute(int rotaryDim, double theta, RopeScaling? scaling, int positions)
    {
        int pairs = rotaryDim / 2;
        if (pairs == 0)
        {
            return new float[2];
        }

        float[] table = new float[checked(positions * pairs * 2)];
        double[] frequencies = new double[pairs];
        for (int pair = 0; pair < pairs; pair++)
        {
            frequencies[pair] = Math.Pow(theta, -2.0 * pair / rotaryDim);
        }

        scaling?.Apply(frequencies, theta, positions);
        double magnitude = scaling?.Magnitude ?? 1;
        for (int position = 0; position < positions; position++)
        {
            for (int pair = 0; pair < pairs; pair++)
            {
                (double sin, double cos) = Math.SinCos(position * frequencies[pair]);
                int at = ((position * pairs) + pair) * 2;
                table[at] = (float)(magnitude * cos);
                table[at + 1] = (float)(magnitude * sin);
            }
        }

        return table;
    }
}
